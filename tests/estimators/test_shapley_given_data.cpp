#include <buffon/shapley_given_data.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include <buffon/plain.hpp>
#include <buffon/testing.hpp>

#include "linear_gaussian.hpp"

using namespace buffon;

namespace {

Sample drawn(const Problem& problem, std::int64_t n, std::uint64_t key) {
    return *plain(problem, {.budget = n, .rng = key, .threads = 1, .keep = Keep::sample}).sample;
}

testing::LinearGaussian correlated() {
    Matrix covariance(3, 3);
    covariance.data = {1, 0.6, 0, 0.6, 1, -0.4, 0, -0.4, 2};
    return {{1, 0.8, 0.5}, covariance};
}

std::vector<double> ishigami_effects() {
    const auto known = testing::ishigami();
    std::vector<double> out;
    for (std::size_t i = 0; i < 3; ++i) out.push_back(0.5 * (known.first_order[i] + known.total_order[i]));
    return out;
}

struct Coverage {
    double mean = 0, worst = 1;
};
Coverage coverage(const Problem& problem, const std::vector<double>& truth, std::int64_t n, int runs) {
    std::vector<double> covered(truth.size()), sum(truth.size()), square(truth.size()), claimed(truth.size());
    for (int r = 0; r < runs; ++r) {
        const Estimate e = shapley_given_data(drawn(problem, n, 900 + static_cast<std::uint64_t>(r)), {.threads = 1});
        const auto [low, high] = e.confidence_interval();
        for (std::size_t i = 0; i < truth.size(); ++i) {
            covered[i] += (low[i] <= truth[i] && truth[i] <= high[i]) / static_cast<double>(runs);
            sum[i] += e.value[i] / runs;
            square[i] += e.value[i] * e.value[i] / runs;
            claimed[i] += e.covariance(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i)) / runs;
        }
    }
    Coverage out;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        out.mean += covered[i] / static_cast<double>(truth.size());
        out.worst = std::min(out.worst, covered[i]);
        if (runs >= 500)
            MESSAGE(n, " rows, input ", i, ": covered ", covered[i], " bias ", sum[i] - truth[i], " sd ",
                    std::sqrt(square[i] - sum[i] * sum[i]), " claimed ", std::sqrt(claimed[i]));
    }
    return out;
}

}  // namespace

TEST_CASE("shapley given data: effects of correlated and of independent inputs match the closed forms, and sum to 1") {
    const Estimate e = shapley_given_data(drawn(correlated().problem(), 3'000, 3));
    CHECK(e.names == std::vector<std::string>{"x1", "x2", "x3"});
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(std::abs(e.value[i] - correlated().effects()[i]) < 4.5 * e.std_error()[i]);
        CHECK(e.std_error()[i] < 0.012);
    }
    CHECK(std::accumulate(e.value.begin(), e.value.end(), 0.0) == doctest::Approx(1).epsilon(1e-12));
    const Estimate f = shapley_given_data(drawn(testing::ishigami().problem, 3'000, 3));
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(f.value[i] - ishigami_effects()[i]) < 4.5 * f.std_error()[i]);
    CHECK(f.std_error()[0] < 0.025);
}

TEST_CASE("shapley given data: monotone maps of the inputs change nothing; outputs have one covariance") {
    Sample s = drawn(correlated().problem(), 500, 3);
    Matrix two(s.n(), 2);
    for (std::int64_t i = 0; i < s.n(); ++i) two(i, 0) = s.y(i, 0), two(i, 1) = 5 - 2 * s.y(i, 0);
    s.y = two;
    s.outputs = {"y", "z"};
    s.law.reset();
    s.log_density.clear();
    const Estimate e = shapley_given_data(s);
    CHECK(e.names[1] == "x1: z");
    CHECK(std::abs(e.contrast(0, 1).value[0]) < 1e-12);
    CHECK(e.contrast(0, 1).std_error()[0] < 1e-6);
    for (std::int64_t i = 0; i < s.n(); ++i) s.x(i, 1) = std::exp(3 * s.x(i, 1));
    CHECK(shapley_given_data(s).value == e.value);
    CHECK(shapley_given_data(s, {.threads = 3}).value == shapley_given_data(s, {.threads = 1}).value);
}

TEST_CASE("shapley given data: an input of two values has its share") {
    Sample s;
    const std::int64_t n = 2'000;
    s.x = Matrix(n, 2);
    s.y = Matrix(n, 1);
    const Stream stream{7, 0};
    for (std::int64_t i = 0; i < n; ++i) {
        s.x(i, 0) = stream.uniform(i, 0) < 0.5;   // variance 1 / 4
        s.x(i, 1) = stream.uniform(i, 1);         // 1 / 12
        s.y(i, 0) = s.x(i, 0) + s.x(i, 1);
    }
    s.inputs = {"level", "u"};
    s.outputs = {"y"};
    const Estimate e = shapley_given_data(s);
    CHECK(std::abs(e.value[0] - 0.75) < 4.5 * e.std_error()[0] + 0.005);
    CHECK(e.std_error()[0] < 0.02);
}

TEST_CASE("shapley given data: what cannot be is refused") {
    const Sample s = drawn(correlated().problem(), 99, 1);
    CHECK_THROWS_WITH_AS(shapley_given_data(s),
                         "shapley_given_data: the sample must have at least 100 rows that succeeded, got 99",
                         std::invalid_argument);
    const Problem one([](std::span<const double> x) { return x[0]; }, testing::standard_normal(1));
    CHECK_THROWS_AS(shapley_given_data(drawn(one, 500, 1)), std::invalid_argument);
    const Problem many([](std::span<const double> x) { return x[0]; }, testing::standard_normal(13));
    CHECK_THROWS_AS(shapley_given_data(drawn(many, 2'000, 1)), std::invalid_argument);
}

TEST_CASE("shapley given data: intervals cover as often as they say, or more often") {
    for (const auto& [problem, truth] : {std::pair(correlated().problem(), correlated().effects()),
                                         std::pair(testing::ishigami().problem, ishigami_effects())}) {
        const Coverage c = coverage(problem, truth, 400, 200);
        CHECK(c.mean > 0.9);
        CHECK(c.worst > 0.87);   // 0.95 less 5 standard errors
    }
}

TEST_CASE("shapley given data: coverage over 500 tables" * doctest::skip()) {
    for (const std::int64_t n : {300, 1'000, 3'000}) {
        CHECK(coverage(correlated().problem(), correlated().effects(), n, 500).worst > 0.9);
        CHECK(coverage(testing::ishigami().problem, ishigami_effects(), n, 500).worst > 0.9);
    }
}

#include <buffon/line_sampling.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Problem scored(std::int64_t d, const std::function<double(std::span<const double>)>& score) {
    return Problem(Model([score](ConstView x) {
        Outputs out{Matrix(x.rows, 1), Matrix(x.rows, 1)};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            out.score(i, 0) = score(x.row(i));
            out.y(i, 0) = out.score(i, 0) > 0;
        }
        return out;
    }), testing::standard_normal(d));
}

}  // namespace

TEST_CASE("line_sampling: a half-space and two opposite ones are exact without a direction given, in 10 and 50 inputs") {
    for (const std::int64_t d : {10, 50}) {
        for (const auto& known : {testing::linear_exceedance(d, {4.75}), testing::two_sided_exceedance(d, {4.89})}) {
            const Estimate e = line_sampling(known.problem, {.budget = 3'000, .rng = 1});
            CHECK(e.value[0] == doctest::Approx(known.exact[0]).epsilon(1e-6));
            CHECK(e.n <= 3'000);
            CHECK(e.n > 2'000);
        }
    }
}

TEST_CASE("line_sampling: 500 runs on a curved surface are unbiased, and their intervals cover") {
    // x_1 > 3 + x_2^2 / 4, conditional on x_2: P = E Phi(-(3 + x^2 / 4)) by the midpoint rule
    double exact = 0;
    for (int i = 0; i < 20'000; ++i) {
        const double x = -10 + (i + 0.5) * 1e-3;
        exact += 1e-3 * std::exp(-0.5 * x * x) / std::sqrt(2 * 3.14159265358979) * normal_cdf(-(3 + 0.25 * x * x));
    }
    const Problem problem = scored(5, [](std::span<const double> x) { return x[0] - 3 - 0.25 * x[1] * x[1]; });
    double mean = 0, square = 0, covered = 0, claimed = 0, n = 0;
    for (std::uint64_t key = 1; key <= 500; ++key) {
        const Estimate e = line_sampling(problem, {.budget = 1'500, .rng = key, .threads = 1});
        const double v = e.value[0] / exact;
        mean += v / 500;
        square += v * v / 500;
        const auto [low, high] = e.confidence_interval();
        covered += (low[0] <= exact && exact <= high[0]) / 500.0;
        claimed += e.covariance(0, 0) / exact / exact / 500;
        n += static_cast<double>(e.n) / 500;
    }
    const double variance = square - mean * mean;
    MESSAGE("mean " << mean << ", sd " << std::sqrt(variance) << ", claimed " << std::sqrt(claimed) << ", covered "
                    << covered << ", W " << n * variance);
    CHECK(std::abs(mean - 1) < 4 * std::sqrt(variance / 500));
    CHECK(claimed / variance > 0.75);
    CHECK(claimed / variance < 1.3);
    CHECK(covered > 0.92);
    CHECK(n * variance < 10);
}

TEST_CASE("line_sampling: any direction given has the same mean, a poor one with a larger error that is told") {
    const testing::KnownProblem known = testing::linear_exceedance(3, {2.5});
    const Estimate poor = line_sampling(known.problem, {.budget = 20'000, .rng = 3}, {.direction = {1, 0, 0}});
    CHECK(std::abs(poor.value[0] - known.exact[0]) < 5 * poor.std_error()[0]);
    CHECK(poor.std_error()[0] > 1e-3 * known.exact[0]);
    CHECK(std::get<std::vector<double>>(poor.diagnostics.at("direction")) == std::vector<double>{1, 0, 0});
}

TEST_CASE("line_sampling: several thresholds cut the same lines") {
    const testing::KnownProblem known = testing::linear_exceedance(6, {2.0, 3.0, 4.5});
    const Estimate e = line_sampling(known.problem, {.budget = 3'000, .rng = 3});
    for (std::size_t j = 0; j < 3; ++j) CHECK(e.value[j] == doctest::Approx(known.exact[j]).epsilon(1e-6));
}

TEST_CASE("line_sampling: outputs without a score are means over points, and no budget is exceeded") {
    const Problem problem([](std::span<const double> x) { return x[0] * x[0] + x[1]; }, testing::standard_normal(2));
    const Estimate e = line_sampling(problem, {.budget = 5'000, .rng = 1});
    CHECK(std::abs(e.value[0] - 1) < 5 * e.std_error()[0]);
    CHECK(e.n > 4'000);
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings.front().starts_with("line_sampling: no output has a score"));
    const testing::KnownProblem known = testing::two_sided_exceedance(3, {4.0});
    for (const std::int64_t budget : {10, 33, 100, 250, 777})
        CHECK(line_sampling(known.problem, {.budget = budget, .rng = 1}).n <= budget);
}

TEST_CASE("line_sampling: a region that no line crosses between its places is seen by the cells' points") {
    // 0.9 < x_1 < 1.5 and x_2 > 0.5: no place along x_1 (-6, -3, 0, 3, 6) lies in it
    const Problem problem = scored(2, [](std::span<const double> x) { return std::min({x[0] - 0.9, 1.5 - x[0], x[1] - 0.5}); });
    const double exact = (normal_cdf(1.5) - normal_cdf(0.9)) * normal_cdf(-0.5);
    const Estimate e = line_sampling(problem, {.budget = 40'000, .rng = 3}, {.direction = {1, 0}});
    CHECK(std::abs(e.value[0] - exact) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] < 0.1 * exact);
}

TEST_CASE("line_sampling: regions beside the direction are told, in every run; those along it are not") {
    const auto told = [](const Estimate& e) {
        return std::ranges::any_of(
            e.warnings, [](const std::string& w) { return w.find("lies beside the direction") != std::string::npos; });
    };
    for (std::uint64_t key = 1; key <= 20; ++key) {
        CHECK(told(line_sampling(testing::four_branch({-1}).problem, {.budget = 5'000, .rng = key, .threads = 1})));
        CHECK(!told(line_sampling(testing::two_sided_exceedance(10, {4.0}).problem,
                                  {.budget = 5'000, .rng = key, .threads = 1})));
    }
}

TEST_CASE("line_sampling: where evaluations fail across the lines the values are those given success") {
    // x_1 + ... + x_4 > 6 of four standard normal inputs, x_1 > 1.5 fails
    double exact = 0;
    for (int i = 0; i < 11'500; ++i) {
        const double x = -10 + (i + 0.5) * 1e-3;
        exact += 1e-3 * std::exp(-0.5 * x * x) / std::sqrt(2 * 3.14159265358979) *
                 normal_cdf(-(6 - x) / std::sqrt(3.0)) / normal_cdf(1.5);
    }
    const Problem problem = exceedance(Problem([](std::span<const double> x) {
        return x[0] > 1.5 ? std::nan("") : 0.5 * (x[0] + x[1] + x[2] + x[3]);
    }, testing::standard_normal(4)), {3.0});
    double mean = 0, square = 0, claimed = 0;
    for (std::uint64_t key = 1; key <= 60; ++key) {
        const Estimate e = line_sampling(problem, {.budget = 2'000, .rng = key, .threads = 1, .on_error = OnError::discard});
        mean += e.value[0] / exact / 60;
        square += e.value[0] * e.value[0] / exact / exact / 60;
        claimed += e.covariance(0, 0) / exact / exact / 60;
    }
    const double variance = square - mean * mean;
    MESSAGE("mean " << mean << ", sd " << std::sqrt(variance) << ", claimed " << std::sqrt(claimed));
    CHECK(std::abs(mean - 1) < 4 * std::sqrt(variance / 60));
    CHECK(claimed / variance > 0.5);
    CHECK(claimed / variance < 2);
    CHECK(variance < 0.04);
}

TEST_CASE("line_sampling: options that cannot be are named") {
    const testing::KnownProblem known = testing::linear_exceedance(2, {2.0});
    CHECK_THROWS_WITH_AS(line_sampling(known.problem, {.budget = 1'000}, {.direction = {1}}),
                         "line_sampling: direction must have 2 coordinates, got 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(line_sampling(known.problem, {.budget = 1'000}, {.direction = {0, 0}}),
                         "line_sampling: direction must be finite and not 0", std::invalid_argument);
}

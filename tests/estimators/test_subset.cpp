#include <buffon/subset.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

struct Study {
    double mean = 0, variance = 0, claimed = 0, covered = 0, n = 0;
};

Study study(const testing::KnownProblem& known, int keys, std::int64_t budget, std::size_t j = 0) {
    Study s;
    std::vector<double> values;
    for (int key = 1; key <= keys; ++key) {
        const Estimate e = subset(known.problem, {.budget = budget, .rng = static_cast<std::uint64_t>(key), .threads = 1});
        const auto [low, high] = e.confidence_interval();
        const auto k = static_cast<std::int64_t>(j);
        values.push_back(e.value[j] / known.exact[j]);
        s.claimed += e.covariance(k, k) / known.exact[j] / known.exact[j] / keys;
        s.covered += (low[j] <= known.exact[j] && known.exact[j] <= high[j]) / static_cast<double>(keys);
        s.n += static_cast<double>(e.n) / keys;
    }
    for (const double v : values) s.mean += v / keys;
    for (const double v : values) s.variance += (v - s.mean) * (v - s.mean) / (keys - 1);
    return s;
}

}  // namespace

TEST_CASE("subset: 500 runs are unbiased, their variance is what they claim, and intervals cover") {
    for (const auto& known : {testing::linear_exceedance(10, {3.719}), testing::two_sided_exceedance(10, {3.891})}) {
        const Study s = study(known, 500, 5'000);
        MESSAGE(known.name << ": mean " << s.mean << ", sd " << std::sqrt(s.variance) << ", claimed "
                           << std::sqrt(s.claimed) << ", covered " << s.covered << ", W " << s.n * s.variance);
        CHECK(std::abs(s.mean - 1) < 4 * std::sqrt(s.variance / 500));
        CHECK(s.claimed / s.variance > 0.75);   // the variance of 500 heavy-tailed values: 0.1 of it, and more
        CHECK(s.claimed / s.variance < 1.35);
        CHECK(s.covered > 0.9);
        CHECK(s.n <= 5'000);
    }
}

TEST_CASE("subset: all thresholds of a model come from the same points, with their covariance") {
    const testing::KnownProblem known = testing::linear_exceedance(5, {1.0, 2.5, 4.0});
    for (std::size_t j = 0; j < 3; ++j) {
        const Study s = study(known, 200, 4'000, j);
        CHECK(std::abs(s.mean - 1) < 4 * std::sqrt(s.variance / 200));
        CHECK(s.claimed / s.variance > 0.6);
        CHECK(s.claimed / s.variance < 1.6);
    }
    const Estimate e = subset(known.problem, {.budget = 4'000, .rng = 1});
    CHECK(e.covariance(0, 1) > 0);
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("levels")).size() == 1);
}

TEST_CASE("subset: scores of another function have levels of their own, and independent errors") {
    const auto model = [](ConstView x) {
        Outputs out{Matrix(x.rows, 2), Matrix(x.rows, 2)};
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < 2; ++j) {
                out.score(i, j) = (j == 0 ? x(i, 0) : -x(i, 1)) - 3.5;
                out.y(i, j) = out.score(i, j) > 0;
            }
        return out;
    };
    const Estimate e = subset(Problem(Model(model), testing::standard_normal(4)), {.budget = 20'000, .rng = 2});
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("levels")).size() == 2);
    CHECK(e.covariance(0, 1) == 0);
    for (std::size_t j = 0; j < 2; ++j) CHECK(std::abs(e.value[j] - normal_cdf(-3.5)) < 5 * e.std_error()[j]);
}

TEST_CASE("subset: an output that is no indicator has its mean, what lies between the levels included") {
    // y = x_1 with the score x_1 - 3: E y = 0, and E y 1{x_1 > 3} = phi(3)
    const auto model = [](ConstView x) {
        Outputs out{Matrix(x.rows, 2), Matrix(x.rows, 2)};
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < 2; ++j) {
                out.score(i, j) = x(i, 0) - 3;
                out.y(i, j) = j == 0 || x(i, 0) > 3 ? x(i, 0) : 0.0;
            }
        return out;
    };
    const Estimate e = subset(Problem(Model(model), testing::standard_normal(3)), {.budget = 20'000, .rng = 4});
    CHECK(std::abs(e.value[0]) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] < 0.03);
    CHECK(std::abs(e.value[1] - std::exp(-4.5) / std::sqrt(2 * 3.14159265358979)) < 5 * e.std_error()[1]);
}

TEST_CASE("subset: without a score points are independent, and no budget is exceeded") {
    const Problem problem([](std::span<const double> x) { return x[0] * x[0]; }, testing::standard_normal(2));
    const Estimate e = subset(problem, {.budget = 5'000, .rng = 1});
    CHECK(std::abs(e.value[0] - 1) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] == doctest::Approx(std::sqrt(2.0 / 5'000)).epsilon(0.15));
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings.front().starts_with("subset: no output has a score"));
    const testing::KnownProblem known = testing::linear_exceedance(2, {5.0});
    for (const std::int64_t budget : {10, 99, 200, 700, 1'500, 3'333}) {
        const Estimate small = subset(known.problem, {.budget = budget, .rng = 1});
        CHECK(small.n <= budget);
        CHECK((small.value[0] > 0 || !small.warnings.empty()));
    }
}

TEST_CASE("subset: an event that levels do not reach is told") {
    const testing::KnownProblem known = testing::linear_exceedance(2, {7.0});
    const Estimate e = subset(known.problem, {.budget = 20'000, .rng = 1}, {.levels = 3});
    CHECK(std::ranges::any_of(
        e.warnings, [](const std::string& w) { return w.find("was not reached in 3 levels") != std::string::npos; }));
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("levels")).front() == -1);
    CHECK_THROWS_WITH_AS(subset(known.problem, {.budget = 9}), "subset: budget must be at least 10, got 9",
                         std::invalid_argument);
    CHECK_THROWS_AS(subset(known.problem, {.budget = 1'000}, {.level_probability = 0.9}), std::invalid_argument);
}

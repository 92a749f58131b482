#include <buffon/cross_entropy.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/extend.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

struct Study {
    double w = 0, covered = 0, found = 0, calibration = 0;
};

Study study(const testing::KnownProblem& known, int keys, std::int64_t budget, const CrossEntropyOptions& options = {}) {
    Study s;
    for (int key = 1; key <= keys; ++key) {
        const Estimate e = cross_entropy(
            known.problem, {.budget = budget, .rng = static_cast<std::uint64_t>(key), .threads = 1}, options);
        const auto [low, high] = e.confidence_interval();
        const double error = e.value[0] - known.exact[0];
        s.w += static_cast<double>(e.n) * std::pow(error / known.exact[0], 2) / keys;
        s.covered += (low[0] <= known.exact[0] && known.exact[0] <= high[0]) / static_cast<double>(keys);
        s.found += (e.value[0] > 0.75 * known.exact[0]) / static_cast<double>(keys);
        s.calibration += error * error / e.covariance(0, 0) / keys;
    }
    return s;
}

std::string stop_of(const Estimate& e) { return std::get<std::string>(e.diagnostics.at("stop")); }

}  // namespace

TEST_CASE("cross_entropy: one and two regions in 10 inputs, 1e-4 and 1e-6, have W of at most 5 and 15") {
    for (const double p : {1e-4, 1e-6}) {
        const Study one = study(testing::linear_exceedance(10, {-normal_quantile(p)}), 10, 20'000);
        const Study two = study(testing::two_sided_exceedance(10, {-normal_quantile(p / 2)}), 10, 20'000);
        MESSAGE("p " << p << ": W " << one.w << " and " << two.w);
        CHECK(one.w <= 5);
        CHECK(two.w <= 15);
        CHECK(one.found > 0.99);
        CHECK(two.found > 0.99);
    }
}

TEST_CASE("cross_entropy: a small budget keeps all four regions of a series system: levels are fitted to all points") {
    const testing::KnownProblem known = testing::four_branch({-1});
    int lost = 0;
    for (std::uint64_t key = 9'000; key < 9'020; ++key) {
        const Estimate e = cross_entropy(known.problem, {.budget = 5'000, .rng = key, .threads = 1});
        lost += e.value[0] < 0.75 * known.exact[0];   // one branch of two has 28 % of the event
    }
    CHECK(lost == 0);
}

TEST_CASE("cross_entropy: variances are those of the errors and intervals cover, in both variants and all families") {
    for (const CrossEntropyOptions& options :
         {CrossEntropyOptions{}, CrossEntropyOptions{.variant = Levels::plain},
          CrossEntropyOptions{.family = Family::student}, CrossEntropyOptions{.family = Family::vmfn},
          CrossEntropyOptions{.components = 1, .points = Points::iid}}) {
        const Study s = study(testing::linear_exceedance(4, {3.7}), 100, 4'000, options);
        MESSAGE("W " << s.w << ", covered " << s.covered << ", calibration " << s.calibration);
        CHECK(s.covered > 0.86);   // 0.95 with an error of 0.022
        CHECK(s.calibration < 1.9);
        CHECK(s.found > 0.98);
    }
}

TEST_CASE("cross_entropy: several thresholds have levels of their own on the same batches") {
    const testing::KnownProblem known = testing::linear_exceedance(8, {1.0, 3.0, 4.5});
    const Estimate e = cross_entropy(known.problem, {.budget = 20'000, .rng = 2});
    for (std::size_t j = 0; j < 3; ++j) {
        CHECK(std::abs(e.value[j] - known.exact[j]) < 5 * e.std_error()[j]);
        CHECK(e.std_error()[j] < 0.03 * known.exact[j]);
    }
    CHECK(stop_of(e) == "reached");
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("reached")) == std::vector<double>{1, 1, 1});
}

TEST_CASE("cross_entropy: levels are limited, and an event on the way is told") {
    const testing::KnownProblem known = testing::linear_exceedance(10, {6.0});
    const Estimate e = cross_entropy(known.problem, {.budget = 20'000, .rng = 2}, {.levels = 1});
    CHECK(stop_of(e) == "levels");
    CHECK(std::get<std::int64_t>(e.diagnostics.at("batches")) == 2);
    CHECK(std::ranges::any_of(e.warnings, [](const std::string& w) {
        return w.find("the levels ended on the way to its event") != std::string::npos;
    }));
    const Estimate poor = cross_entropy(known.problem, {.budget = 2'000, .rng = 2}, {.adaptation = 0.25});
    CHECK(stop_of(poor) == "budget");
    CHECK(poor.n <= 2'000);
}

TEST_CASE("cross_entropy: an output without a score is fitted where it is, of both signs") {
    const Problem problem([](std::span<const double> x) { return std::vector<double>{std::pow(x[0], 6), x[0] * x[1]}; },
                          testing::standard_normal(2));
    const Estimate e = cross_entropy(problem, {.budget = 10'000, .rng = 1});
    CHECK(std::abs(e.value[0] - 15) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] < 0.02 * 15);   // plain: sqrt(10395 / 10,000) = 1.0
    CHECK(std::abs(e.value[1]) < 5 * e.std_error()[1]);
}

TEST_CASE("cross_entropy: a kept run can be extended, and no budget is exceeded") {
    const testing::KnownProblem known = testing::two_sided_exceedance(5, {4.0});
    const Estimate e = cross_entropy(known.problem, {.budget = 4'000, .rng = 4, .keep = Keep::state});
    const Estimate more = extend(e, known.problem, {.budget = 16'000});
    CHECK(std::abs(more.value[0] - known.exact[0]) < 5 * more.std_error()[0]);
    CHECK(more.std_error()[0] < e.std_error()[0]);
    for (const std::int64_t budget : {32, 50, 100, 331, 1'000})
        CHECK(cross_entropy(known.problem, {.budget = budget, .rng = 1}).n <= budget);
}

TEST_CASE("cross_entropy: options that cannot be are named") {
    const testing::KnownProblem known = testing::linear_exceedance(2, {2.0});
    CHECK_THROWS_WITH_AS(cross_entropy(known.problem, {.budget = 1'000}, {.variation = 0}),
                         "cross_entropy: variation must be positive and finite, got 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(cross_entropy(known.problem, {.budget = 1'000}, {.quantile = 1}),
                         "cross_entropy: quantile must lie between 0 and 1, got 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(cross_entropy(known.problem, {.budget = 1'000}, {.levels = 0}),
                         "cross_entropy: levels must be at least 1, got 0", std::invalid_argument);
}

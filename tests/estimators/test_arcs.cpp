#include <buffon/arcs.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/plain.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

using Number = std::function<double(std::span<const double>)>;

/// A model with one output, followed by a class number if there is one.
Problem scored(std::int64_t d, const Number& score, const Number& label = {}) {
    return Problem(Model([score, label](ConstView x) {
        Outputs out{Matrix(x.rows, label ? 2 : 1), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            out.y(i, 0) = score(x.row(i));
            if (label) out.y(i, 1) = label(x.row(i));
        }
        return out;
    }), testing::standard_normal(d), label ? std::vector<std::string>{"y", "label"} : std::vector<std::string>{});
}

/// In class k = 0, 1 by the sign of x_1, a score that peaks at the border: x_1 in (-width / 2, width / 2) where it is above 0.
Problem slab(std::int64_t d, double width) {
    return scored(
        d,
        [width](std::span<const double> x) {
            return std::max(1 - 2 * std::abs(x[0]) / width, -10.0) - 0.05 * std::sin(x[1]);
        },
        [](std::span<const double> x) { return x[0] > 0 ? 1.0 : 0.0; });
}

struct Runs {
    double mean = 0, sd = 0, covered = 0, n = 0, warned = 0;
};

Runs repeat(const Problem& problem, double threshold, double exact, std::int64_t budget, int runs,
            const ArcsOptions& options = {}) {
    Runs out;
    double square = 0;
    for (int r = 0; r < runs; ++r) {
        ArcsOptions own = options;
        own.thresholds = {threshold};
        const Estimate e = arcs(problem, {.budget = budget, .rng = static_cast<std::uint64_t>(r + 1), .threads = 1}, own);
        const double v = e.value[0] / exact;
        out.mean += v / runs;
        square += v * v / runs;
        const auto [low, high] = e.confidence_interval();
        out.covered += (low[0] <= exact && exact <= high[0]) / static_cast<double>(runs);
        out.n += static_cast<double>(e.n) / runs;
        out.warned += !e.warnings.empty() / static_cast<double>(runs);
        CHECK(e.n <= budget);
        CHECK(e.n > budget / 2);
    }
    out.sd = std::sqrt(square - out.mean * out.mean);
    MESSAGE("mean " << out.mean << ", sd " << out.sd << ", covered " << out.covered << ", n " << out.n << ", warned "
                    << out.warned);
    return out;
}

}  // namespace

// A circle meets a half-space with probability exp(-beta^2 / 2) only: this is not what arcs are for.
TEST_CASE("arcs: a half-space of probability 1.3e-3 in ten inputs, without labels, is unbiased over 200 runs") {
    const double beta = 3, exact = normal_cdf(-beta);
    const Runs r =
        repeat(scored(10, [](std::span<const double> x) { return x[0] * 0.6 + x[1] * 0.8; }), beta, exact, 10'000, 200);
    CHECK(std::abs(r.mean - 1) < 4.5 * r.sd / std::sqrt(200.0));
    CHECK(r.covered > 0.89);
    CHECK(r.n * r.sd * r.sd < 3 / exact);   // no better than plain's 1 / p
}

TEST_CASE("arcs: a slab ten thousandths wide along the border of two classes, at its own probability and unbiased") {
    // |x_1| < w (1 - t') / 2 with t' = 0.05 sin x_2, whose mean over x_2 is 0: P = 2 (Phi(w / 2) - 1/2) up to w^3
    const double width = 1e-4, exact = width * 0.3989422804;
    const Runs r = repeat(slab(6, width), 0, exact, 12'000, 200);
    CHECK(std::abs(r.mean - 1) < 4.5 * r.sd / std::sqrt(200.0));
    CHECK(r.covered > 0.87);   // circles that touch the slab make squares of shares with a logarithmically infinite mean
    CHECK(r.n * r.sd * r.sd < 0.05 / exact);   // plain: 1 / p
}

TEST_CASE("arcs: a sphere's outside, where circles are constant, is a matter of shells") {
    // 4 degrees of freedom: P(R^2 > r) = (1 + r / 2) exp(-r / 2)
    const double radius = 27, exact = (1 + radius / 2) * std::exp(-radius / 2);
    const Problem problem = scored(4, [](std::span<const double> x) {
        double s = 0;
        for (const double v : x) s += v * v;
        return s;
    });
    const Runs r = repeat(problem, radius, exact, 10'000, 100);
    CHECK(std::abs(r.mean - 1) < 4.5 * r.sd / std::sqrt(100.0));
    CHECK(r.covered > 0.88);
    CHECK(r.n * r.sd * r.sd < 0.2 / exact);
    const Estimate e = arcs(problem, {.budget = 10'000, .rng = 1}, {.thresholds = {radius}});
    CHECK(std::get<std::int64_t>(e.diagnostics.at("shells")) == 6);
}

TEST_CASE("arcs: an event that no circle meets has an interval that ends where circles would hardly miss") {
    const Problem problem = scored(4, [](std::span<const double> x) { return x[1]; });
    const Estimate e = arcs(problem, {.budget = 5'000, .rng = 3}, {.thresholds = {2.0, 9.0}});
    const auto circles = static_cast<double>(std::get<std::int64_t>(e.diagnostics.at("circles")));
    REQUIRE(e.value[1] == 0);
    for (const double level : {0.5, 0.95}) {
        const auto [low, high] = e.confidence_interval(level);
        CHECK(low[1] == 0);
        CHECK(high[1] == doctest::Approx(std::log(2 / (1 - level)) / circles).scale(0));   // one shell
        CHECK(high[0] < 0.1);
    }
}

TEST_CASE("arcs: three thresholds share circles, each value near its own, and the joint covariance is there") {
    const Problem problem = scored(8, [](std::span<const double> x) { return x[2]; });
    const Estimate e = arcs(problem, {.budget = 20'000, .rng = 5}, {.thresholds = {2.5, 3.0, 3.5}});
    const double thresholds[] = {2.5, 3.0, 3.5};
    for (std::size_t j = 0; j < 3; ++j) CHECK(std::abs(e.value[j] - normal_cdf(-thresholds[j])) < 4.5 * e.std_error()[j]);
    CHECK(e.covariance(0, 2) > 0);
    CHECK(e.names == std::vector<std::string>{"P(y > 2.5)", "P(y > 3)", "P(y > 3.5)"});
    CHECK(e.value[0] > e.value[1]);
    CHECK(e.bounds.low(2, 3) > 0);
}

TEST_CASE("arcs: frequent events and outputs that are none are means over independent points") {
    const Problem problem = scored(3, [](std::span<const double> x) { return x[0]; });
    const Estimate frequent = arcs(problem, {.budget = 4'000, .rng = 5}, {.thresholds = {1}});
    CHECK(std::get<std::int64_t>(frequent.diagnostics.at("circles")) == 0);
    CHECK(std::abs(frequent.value[0] - normal_cdf(-1)) < 4.5 * frequent.std_error()[0]);
    const Estimate mean = arcs(problem, {.budget = 4'000, .rng = 5});
    CHECK(std::abs(mean.value[0]) < 4.5 * mean.std_error()[0]);
    CHECK(mean.std_error()[0] == doctest::Approx(1 / std::sqrt(3'800.0)).epsilon(0.1));
}

TEST_CASE("arcs: circles are looked at more closely where labels are searched, unless told") {
    const auto grid = [](const Problem& problem, std::int64_t given) {
        return std::get<std::int64_t>(
            arcs(problem, {.budget = 3'000, .rng = 1}, {.thresholds = {0}, .grid = given}).diagnostics.at("grid"));
    };
    CHECK(grid(slab(4, 1e-3), 0) == 24);
    CHECK(grid(slab(4, 1e-3), 7) == 7);
    CHECK(grid(scored(4, [](std::span<const double> x) { return x[0] - 3; }), 0) == 12);
}

TEST_CASE("arcs: an event that no circle meets is told, not silently 0") {
    const Problem problem = scored(5, [](std::span<const double> x) { return x[0]; });
    const Estimate e = arcs(problem, {.budget = 3'000, .rng = 1}, {.thresholds = {9}});
    CHECK(e.value[0] == 0);
    REQUIRE(!e.warnings.empty());
}

TEST_CASE("arcs: batches and threads change no bit") {
    const Problem problem = slab(6, 1e-3);
    const Estimate a = arcs(problem, {.budget = 3'000, .rng = 1, .batch = 7, .threads = 2}, {.thresholds = {0}});
    const Estimate b = arcs(problem, {.budget = 3'000, .rng = 1, .threads = 1}, {.thresholds = {0}});
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    CHECK(a.bounds.low.data == b.bounds.low.data);
    CHECK(a.n == b.n);
}

TEST_CASE("arcs: options that cannot be are refused") {
    const Problem problem = slab(3, 1e-3);
    CHECK_THROWS_WITH_AS(arcs(problem, {.budget = 5}), "arcs: budget must be at least 10, got 5", std::invalid_argument);
    CHECK_THROWS_WITH_AS(arcs(problem, {}, {.grid = 3}),
                         "arcs: grid must be 0 (chosen) or lie between 4 and 10000, got 3", std::invalid_argument);
    CHECK_THROWS_WITH_AS(arcs(problem, {}, {.pilot = 1}), "arcs: pilot must lie between 0 and 1, got 1", std::invalid_argument);
}

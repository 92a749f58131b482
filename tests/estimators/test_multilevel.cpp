#include <buffon/multilevel.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/errors.hpp>
#include <buffon/plain.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

constexpr std::int64_t finest = 32;
constexpr double drift = 0.05, volatility = 0.4;

/// Euler's method for geometric Brownian motion from 1 over one year, in so many steps of the same path; outputs S and S^2.
Problem euler(std::int64_t steps) {
    return Problem(Model([steps](ConstView x) {
        Outputs out{Matrix(x.rows, 2), {}};
        const double h = 1.0 / static_cast<double>(steps), each = std::sqrt(1.0 / finest);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            double s = 1;
            for (std::int64_t k = 0; k < steps; ++k) {
                double w = 0;
                for (std::int64_t l = 0; l < finest / steps; ++l) w += each * x(i, k * (finest / steps) + l);
                s *= 1 + drift * h + volatility * w;
            }
            out.y(i, 0) = s;
            out.y(i, 1) = s * s;
        }
        return out;
    }), testing::standard_normal(finest), {"S", "S2"});
}

/// Its exact means: steps are independent.
std::vector<double> exact(double steps) {
    const double grown = 1 + drift / steps;
    return {std::pow(grown, steps), std::pow(grown * grown + volatility * volatility / steps, steps)};
}

std::vector<Level> hierarchy() { return {{euler(32), 32}, {euler(8), 8}, {euler(2), 2}, {euler(1), 1}}; }

const std::vector<double>& numbers(const Estimate& e, const char* name) {
    return std::get<std::vector<double>>(e.diagnostics.at(name));
}

}  // namespace

TEST_CASE(
    "multilevel: Euler's geometric Brownian motion in 32 steps, unbiased, covered and several times ahead of plain "
    "over 120 runs") {
    const std::vector<Level> levels = hierarchy();
    const std::vector<double> truth = exact(32);
    const int runs = 120;
    double sum[2] = {}, square[2] = {}, covered[2] = {};
    for (int r = 0; r < runs; ++r) {
        const Estimate e = multilevel(levels, {.budget = 1'000, .rng = static_cast<std::uint64_t>(r + 1), .threads = 1});
        const auto [low, high] = e.confidence_interval();
        for (std::size_t j = 0; j < 2; ++j) {
            sum[j] += (e.value[j] - truth[j]) / runs;
            square[j] += (e.value[j] - truth[j]) * (e.value[j] - truth[j]) / runs;
            covered[j] += (low[j] <= truth[j] && truth[j] <= high[j]) / static_cast<double>(runs);
        }
        CHECK(e.n <= 1'000);
        CHECK(e.n > 970);
        CHECK(numbers(e, "levels").size() > 1);
    }
    const Estimate by_plain = plain(levels[0].problem, {.budget = 1'000, .rng = 1, .threads = 1});
    for (std::size_t j = 0; j < 2; ++j) {
        CAPTURE(j);
        MESSAGE("gain " << by_plain.covariance(static_cast<std::int64_t>(j), static_cast<std::int64_t>(j)) / square[j]
                        << ", covered " << covered[j]);
        CHECK(std::abs(sum[j]) < 4.5 * std::sqrt(square[j] / runs));
        CHECK(covered[j] > 0.87);   // 4 standard errors below 0.95
        CHECK(by_plain.covariance(static_cast<std::int64_t>(j), static_cast<std::int64_t>(j)) / square[j] > 3);
    }
}

TEST_CASE("multilevel: where no level pays it is plain Monte Carlo, first look included, and says so") {
    const Problem other(Model([](ConstView x) {   // of other inputs: uncorrelated
        Outputs out{Matrix(x.rows, 1), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = x(i, 1);
        return out;
    }), testing::standard_normal(2));
    const Problem wanted(Model([](ConstView x) {
        Outputs out{Matrix(x.rows, 1), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = x(i, 0);
        return out;
    }), testing::standard_normal(2));
    const Estimate e = multilevel({{wanted, 2}, {other, 0.2}}, {.budget = 4'000, .rng = 1, .threads = 1});
    CHECK(numbers(e, "levels") == std::vector<double>{1});
    // 5 % of the budget at a cost of 1.1 each: 181 points, whose other evaluations cost 18.1 of the first
    CHECK(numbers(e, "evaluations") == std::vector<double>{181 + 3'800 + 0, 181});
    CHECK(e.n == 4'000);
    CHECK(e.std_error()[0] == doctest::Approx(1 / std::sqrt(3'981.0)).epsilon(0.05));
    CHECK(std::abs(e.value[0]) < 4.5 * e.std_error()[0]);
}

TEST_CASE("multilevel: with coefficients a level at another scale is a control variate, and one that tells nothing is left") {
    const auto linear = [](double one, double two) {
        return Problem(Model([one, two](ConstView x) {
            Outputs out{Matrix(x.rows, 2), {}};
            for (std::int64_t i = 0; i < x.rows; ++i) {
                out.y(i, 0) = one * x(i, 0) + two * x(i, 1) + 3;
                out.y(i, 1) = one * x(i, 0) - two * x(i, 1);
            }
            return out;
        }), testing::standard_normal(2), {"a", "b"});
    };
    const std::vector<Level> levels{{linear(1, 0.5), 1}, {linear(5, 0), 0.001}};   // correlation 1 / sqrt(1.25), 5 times as large
    CHECK(numbers(multilevel(levels, {.budget = 2'000, .rng = 1, .threads = 1}), "levels") == std::vector<double>{1});
    const int runs = 200;
    double sum[2] = {}, square[2] = {}, covered[2] = {};
    for (int r = 0; r < runs; ++r) {
        const Estimate e =
            multilevel(levels, {.budget = 2'000, .rng = static_cast<std::uint64_t>(r + 1), .threads = 1}, {.coefficients = true});
        const auto [low, high] = e.confidence_interval();
        for (std::size_t j = 0; j < 2; ++j) {
            const double exact = j == 0 ? 3 : 0, gap = e.value[j] - exact;
            sum[j] += gap / runs;
            square[j] += gap * gap / runs;
            covered[j] += (low[j] <= exact && exact <= high[j]) / static_cast<double>(runs);
        }
        CHECK(numbers(e, "coefficients")[0] == doctest::Approx(0.2).epsilon(0.25));
    }
    for (std::size_t j = 0; j < 2; ++j) {
        CAPTURE(j);
        MESSAGE("gain " << 1.25 / 2'000 / square[j] << ", covered " << covered[j]);
        CHECK(std::abs(sum[j]) < 4.5 * std::sqrt(square[j] / runs));
        CHECK(covered[j] > 0.88);
        CHECK(1.25 / 2'000 / square[j] > 3.0);   // 5, less the first look and what the second level costs: 4.1 +- 0.4
    }
    const std::vector<Level> useless{{linear(1, 0), 1}, {linear(0, 1), 0.001}};
    const Estimate alone = multilevel(useless, {.budget = 4'000, .rng = 1, .threads = 1}, {.coefficients = true});
    CHECK(numbers(alone, "levels") == std::vector<double>{1});
    CHECK(alone.n == 4'000);
}

TEST_CASE("multilevel: batches and threads change no bit, a key replays a run, one level is plain") {
    const std::vector<Level> levels = hierarchy();
    const Estimate a = multilevel(levels, {.budget = 1'000, .rng = 5, .batch = 7, .threads = 2}),
                   b = multilevel(levels, {.budget = 1'000, .rng = 5, .threads = 1});
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    CHECK(a.bounds.low.data == b.bounds.low.data);
    const Estimate fresh = multilevel(levels, {.budget = 1'000, .threads = 1});
    CHECK(multilevel(levels, {.budget = 1'000, .rng = fresh.rng_key, .threads = 1}).value == fresh.value);
    const Estimate one = multilevel({levels[3]}, {.budget = 1'000, .rng = 5, .threads = 1});
    CHECK(one.n == 1'000);
    CHECK(std::abs(one.value[0] - exact(4)[0]) < 4.5 * one.std_error()[0]);
}

TEST_CASE("multilevel: progress counts costs, and a run that is stopped at the end has the partial estimate of all levels") {
    std::int64_t last = 0;
    const auto watch = [&last](std::int64_t n, std::int64_t budget) {
        CHECK(budget == 2'000);
        CHECK(n >= last);
        last = n;
    };
    multilevel(hierarchy(), {.budget = 2'000, .rng = 1, .threads = 1, .progress = watch});
    CHECK(last > 1'950);
    CHECK(last <= 2'000);
    const auto stop = [](std::int64_t n, std::int64_t) {
        if (n > 1'950) throw Interrupted{};
    };
    try {
        multilevel(hierarchy(), {.budget = 2'000, .rng = 1, .threads = 1, .progress = stop});
        FAIL("not stopped");
    } catch (const Interrupted& stopped) {
        REQUIRE(stopped.partial);
        CHECK(std::abs(stopped.partial->value[0] - exact(32)[0]) < 4.5 * stopped.partial->std_error()[0]);
        CHECK(stopped.partial->n > 1'950);
    }
}

TEST_CASE("multilevel: what cannot be is refused by name") {
    const Problem p = euler(4);
    CHECK_THROWS_WITH_AS(multilevel({}, {}), "multilevel: levels must be 1 to 16, got 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(multilevel({{p, 1}, {p, 0}}, {}), "multilevel: the cost of level 2 must be positive, got 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(multilevel({{p, 1}, {testing::ishigami().problem, 1}}, {}),
                         "multilevel: levels must have the same inputs, got 32 of level 1 and 3 of level 2",
                         std::invalid_argument);
    CHECK_THROWS_AS(multilevel({{p, 1}}, {.on_error = OnError::discard}), std::invalid_argument);
    CHECK_THROWS_AS(multilevel({{p, 1}}, {.keep = Keep::state}), std::invalid_argument);
    CHECK_THROWS_AS(multilevel({{p, 1}}, {}, {.pilot = 0}), std::invalid_argument);
}

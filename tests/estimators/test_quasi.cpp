#include <buffon/quasi.hpp>

#include <atomic>
#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include <buffon/errors.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// exp(u1 + u2 + u3), uniform inputs: mean (e - 1)^3.
const Distribution cube = testing::independent(3, Uniform());
double growth(std::span<const double> u) { return std::exp(u[0] + u[1] + u[2]); }
const double growth_mean = std::pow(std::exp(1.0) - 1, 3);
const Problem smooth(growth, cube);

double rmse(std::int64_t budget) {
    double sum = 0;
    for (std::uint64_t key = 0; key < 60; ++key)
        sum += std::pow(quasi(smooth, {.budget = budget, .rng = key, .threads = 1}).value[0] - growth_mean, 2);
    return std::sqrt(sum / 60);
}

/// The same, from one thread, until more than `limit` points were asked for.
Problem fails_after(std::int64_t limit) {
    const auto count = std::make_shared<std::int64_t>(0);
    return {Model([=](ConstView x) {
                if ((*count += x.rows) > limit) throw std::runtime_error("out of licences");
                Outputs out{Matrix(x.rows, 1), {}};
                for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = growth(x.row(i));
                return out;
            }),
            cube, {}, false};
}

}  // namespace

TEST_CASE("quasi: the mean over 400 keys is the integral, even with few points") {
    for (const std::int64_t budget : {16, 64, 500}) {
        CAPTURE(budget);
        double sum = 0, squares = 0;
        for (std::uint64_t key = 0; key < 400; ++key) {
            const double error = quasi(smooth, {.budget = budget, .rng = key, .threads = 1}).value[0] - growth_mean;
            sum += error;
            squares += error * error;
        }
        CHECK(std::abs(sum) < 5 * std::sqrt(squares));   // z-score: standard error of the sum is sqrt(squares)
    }
}

TEST_CASE("quasi: the root mean square error of a smooth integrand falls faster than n^-0.7") {
    const double few = rmse(1 << 9), many = rmse(1 << 14);
    CHECK(std::log(many / few) / std::log(32.0) < -0.7);   // -0.5 for independent points; noise of the slope: 0.04
    // and it starts no worse than independent points: variance of the integrand ((e^2 - 1) / 2)^3 - (e - 1)^6
    const double sd = std::sqrt(std::pow((std::exp(2.0) - 1) / 2, 3) - growth_mean * growth_mean);
    CHECK(few < sd / std::sqrt(512.0));
}

TEST_CASE("quasi: 95 % intervals cover the truth for 90 to 99 % of 300 keys") {
    int covered = 0;
    for (std::uint64_t key = 0; key < 300; ++key) {
        const Estimate e = quasi(smooth, {.budget = 2000, .rng = key, .threads = 1});
        const auto [low, high] = e.confidence_interval(0.95);
        covered += low[0] < growth_mean && growth_mean < high[0];
    }
    CHECK(covered >= 270);   // binomial standard deviation: 3.8 keys
    CHECK(covered <= 297);
}

TEST_CASE("quasi: the errors are as large as they are said to be, over 1,000 keys") {
    const auto known = testing::ishigami();
    double squares = 0, variance = 0;
    for (std::uint64_t key = 0; key < 1000; ++key) {
        const Estimate e = quasi(known.problem, {.budget = 1024, .rng = key, .threads = 1});
        squares += std::pow(e.value[0] - 3.5, 2);
        variance += e.covariance(0, 0);
    }
    // of sums, because the mean of t^2 with 15 degrees of freedom is not 1; standard deviation of the ratio 0.05
    CHECK(std::abs(squares / variance - 1) < 0.15);
}

TEST_CASE("quasi: between half and all of the budget is spent, on replicates of a power of two points") {
    for (const std::int64_t wanted : {2, 5, 16, 40})
        for (const std::int64_t budget : {40, 41, 63, 64, 100, 1000, 4095, 4096, 70'001}) {
            CAPTURE(wanted);
            CAPTURE(budget);
            const auto count = std::make_shared<std::atomic<std::int64_t>>(0);
            const Problem counted([=](std::span<const double> u) { ++*count; return growth(u); }, cube);
            const Estimate e = quasi(counted, {.budget = budget, .rng = 1}, {.replicates = wanted});
            const std::int64_t replicates = std::get<std::int64_t>(e.diagnostics.at("replicates"));
            CHECK(e.n == *count);
            CHECK(e.n <= budget);
            CHECK(2 * e.n >= budget);
            CHECK(replicates >= wanted);
            CHECK(replicates <= 2 * wanted);
            CHECK(e.n % replicates == 0);
            const std::int64_t points = e.n / replicates;
            CHECK((points & (points - 1)) == 0);
            CHECK(e.degrees_of_freedom == static_cast<double>(replicates - 1));
        }
}

TEST_CASE("quasi: bits do not depend on threads or batches") {
    const Estimate once = quasi(smooth, {.budget = 150'001, .rng = 9, .threads = 1});
    for (const int threads : {1, 2, 4})
        for (const std::int64_t batch : {1000, 7777, 140'000}) {
            CAPTURE(threads);
            CAPTURE(batch);
            const Estimate e = quasi(smooth, {.budget = 150'001, .rng = 9, .batch = batch, .threads = threads});
            CHECK(e.value == once.value);
            CHECK(e.covariance.data == once.covariance.data);
        }
}

TEST_CASE("quasi: every replicate puts one point into each of its equal cells, coordinate by coordinate") {
    const Estimate e = quasi(smooth, {.budget = 16 * 64, .rng = 2, .keep = Keep::sample});
    REQUIRE(e.sample.has_value());
    for (std::int64_t r = 0; r < 16; ++r)
        for (std::int64_t j = 0; j < 3; ++j) {
            std::vector<int> hits(64, 0);
            for (std::int64_t i = 0; i < 64; ++i) ++hits[static_cast<std::size_t>(64 * e.sample->x(64 * r + i, j))];
            CHECK(hits == std::vector<int>(64, 1));
        }
}

TEST_CASE("quasi: what a failing model leaves behind is the mean of the replicates that were finished") {
    constexpr std::int64_t budget = 1 << 18;   // 16 replicates of 16,384 points; chunks of four of them
    const Estimate whole = quasi(smooth, {.budget = budget, .rng = 6, .keep = Keep::sample});
    const std::int64_t points = whole.n / std::get<std::int64_t>(whole.diagnostics.at("replicates"));
    REQUIRE(points == 16'384);
    try {
        (void)quasi(fails_after(90'000), {.budget = budget, .rng = 6, .batch = 1000});
        FAIL("the failure was swallowed");
    } catch (const ModelError& error) {
        REQUIRE(error.partial != nullptr);
        // 65,536 of the first chunk, 24 batches of the second: five replicates and a part of the sixth
        CHECK(error.partial->n == 89'536);
        CHECK(error.partial->degrees_of_freedom == 4);
        CHECK(error.partial->diagnostics.contains("pareto_k"));
        CHECK(error.partial->diagnostics.contains("effective_terms"));
        std::vector<double> mean(5, 0.0);
        for (std::int64_t i = 0; i < 5 * points; ++i)
            mean[static_cast<std::size_t>(i / points)] += whole.sample->y(i, 0) / static_cast<double>(points);
        double total = 0, scatter = 0;
        for (const double m : mean) total += m / 5;
        for (const double m : mean) scatter += (m - total) * (m - total);
        CHECK(error.partial->value[0] == doctest::Approx(total).epsilon(1e-11));            // 16,384 roundings
        CHECK(error.partial->covariance(0, 0) == doctest::Approx(scatter / 20).epsilon(1e-6));   // spread is 1e-5 of the mean
    }
}

TEST_CASE("quasi: less than two finished replicates leave no partial estimate") {
    try {
        (void)quasi(fails_after(30'000), {.budget = 1 << 18, .rng = 6, .batch = 1000});
        FAIL("the failure was swallowed");
    } catch (const ModelError& error) {
        CHECK(error.partial == nullptr);
    }
}

TEST_CASE("quasi: discarded failures leave the mean conditional on success") {
    const Problem lower([](std::span<const double> u) { return u[0] > 0.75 ? std::nan("") : u[0] + u[1]; }, cube);
    const Estimate e = quasi(lower, {.budget = 1 << 14, .rng = 8, .on_error = OnError::discard});
    CHECK(std::abs(e.value[0] - 0.875) < 6.7 * e.std_error()[0]);   // Student, 15 degrees: 1 in 140,000
    CHECK(e.n_failed == (1 << 12));   // a quarter of every net of a power of two points
}

TEST_CASE("quasi: what cannot be is refused by name") {
    CHECK_THROWS_WITH_AS((void)quasi(smooth, {.budget = 100}, {.replicates = 1}),
                         "quasi: replicates must be at least 2, got 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)quasi(smooth, {.budget = 15}), "quasi: budget must be at least replicates = 16, got 15",
                         std::invalid_argument);
}

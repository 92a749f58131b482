#include <buffon/plain.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <numbers>

#include <doctest/doctest.h>

#include <buffon/errors.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const Distribution normal_2_3 = testing::independent(1, Normal(2, 3));

Problem powers() {
    return {[](std::span<const double> x) { return std::vector{x[0], x[0] * x[0]}; }, normal_2_3};
}

/// x, until more than `limit` points were asked for; called from one thread.
Problem fails_after(std::int64_t limit) {
    const auto count = std::make_shared<std::int64_t>(0);
    return {Model([=](ConstView x) {
                if ((*count += x.rows) > limit) throw std::runtime_error("out of licences");
                Outputs out{Matrix(x.rows, 1), {}};
                for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = x(i, 0);
                return out;
            }),
            normal_2_3, {}, false};
}

}  // namespace

TEST_CASE("plain: means and covariance of x and x^2 of N(2, 9) are those of the closed form") {
    constexpr double n = 200'000;
    const Estimate e = plain(powers(), {.budget = 200'000, .rng = 5});
    const double mu = 2, s = 3;
    // exact moments; five standard errors each: one false alarm in 1.7 million
    CHECK(std::abs(e.value[0] - mu) < 5 * s / std::sqrt(n));
    CHECK(std::abs(e.value[1] - (mu * mu + s * s)) < 5 * std::sqrt(306 / n));   // 2 s^4 + 4 mu^2 s^2
    CHECK(std::abs(n * e.covariance(0, 0) - s * s) < 5 * s * s * std::sqrt(2 / n));
    // variance of a sample covariance: E a^2 b^2 - cov^2 = 11178 - 36^2
    CHECK(std::abs(n * e.covariance(0, 1) - 2 * mu * s * s) < 5 * std::sqrt(9882 / n));
    CHECK(e.covariance(0, 1) == e.covariance(1, 0));
    CHECK(e.names == std::vector<std::string>{"y1", "y2"});
    CHECK(e.warnings.empty());
}

TEST_CASE("plain: errors are as large as they are said to be, over 1,000 keys") {
    const auto known = testing::ishigami();
    double ratio = 0, z = 0;
    for (std::uint64_t key = 0; key < 1000; ++key) {
        const Estimate e = plain(known.problem, {.budget = 1000, .rng = key, .threads = 1});
        const double error = e.value[0] - 3.5;   // a / 2
        ratio += error * error / e.covariance(0, 0) / 1000;
        z += error / e.std_error()[0] / std::sqrt(1000.0);
    }
    CHECK(std::abs(ratio - 1) < 0.15);   // mean of 1,000 chi-squares: standard deviation 0.045
    CHECK(std::abs(z) < 5);
}

TEST_CASE("plain: bits do not depend on threads or batches") {
    const auto known = testing::ishigami();
    for (const OnError on_error : {OnError::raise, OnError::discard}) {
        const Estimate once = plain(known.problem, {.budget = 150'001, .rng = 9, .threads = 1, .on_error = on_error});
        for (const int threads : {1, 2, 4})
            for (const std::int64_t batch : {1000, 7777, 140'000}) {
                CAPTURE(threads);
                CAPTURE(batch);
                const Estimate e =
                    plain(known.problem,
                          {.budget = 150'001, .rng = 9, .batch = batch, .threads = threads, .on_error = on_error});
                CHECK(e.value == once.value);
                CHECK(e.covariance.data == once.covariance.data);
            }
    }
}

namespace {

/// The same model, which plain can only ask for batches.
Problem in_batches(const Problem& problem) {
    return {Model([=](ConstView x) { return problem(x); }), problem.inputs(), problem.outputs()};
}

/// NaN where x > 3: 1 of 740 points.
const Problem rarely_nan([](std::span<const double> x) { return x[0] > 3 ? std::nan("") : x[0]; }, testing::standard_normal(1));
/// Infinite where x > 4.4: 1 of 185,000 points.
const Problem seldom_infinite([](std::span<const double> x) { return x[0] > 4.4 ? HUGE_VAL : x[0] * x[0]; },
                              testing::standard_normal(1));
const Problem throws_late(
    [](std::span<const double> x) {
        if (x[0] > 4.4) throw std::runtime_error("out of licences");
        return x[0];
    },
    testing::standard_normal(1));

}  // namespace

TEST_CASE("plain: in blocks or in batches, every number of the estimate is the same") {
    const auto check = [](const Problem& problem, OnError on_error) {
        const Run run{.budget = 300'001, .rng = 3, .on_error = on_error};
        REQUIRE(problem.columns().evaluate);
        const Estimate blocks = plain(problem, run), batches = plain(in_batches(problem), run);
        CHECK(blocks.value == batches.value);
        CHECK(blocks.covariance.data == batches.covariance.data);
        CHECK(blocks.n == batches.n);
        CHECK(blocks.n_failed == batches.n_failed);
        CHECK(blocks.warnings == batches.warnings);
        CHECK(blocks.diagnostics == batches.diagnostics);
    };
    for (const OnError on_error : {OnError::raise, OnError::discard})
        for (const auto& known : {testing::ishigami(), testing::g_function(), testing::gaussian_moments()})
            check(known.problem, on_error);
    check(rarely_nan, OnError::discard);
    check(seldom_infinite, OnError::discard);
    check(throws_late, OnError::discard);
}

TEST_CASE("plain: in blocks or in batches, a failure says and leaves the same") {
    const auto failure = [](const Problem& problem) {
        try {
            (void)plain(problem, {.budget = 1'000'000, .rng = 3, .threads = 2});
        } catch (const ModelError& error) {
            return error;
        }
        throw std::logic_error("the failure was swallowed");
    };
    for (const Problem& problem : {rarely_nan, seldom_infinite, throws_late}) {
        const ModelError blocks = failure(problem), batches = failure(in_batches(problem));
        CHECK(std::string(blocks.what()) == batches.what());
        CHECK(blocks.index == batches.index);
        CHECK(blocks.sample.x.data == batches.sample.x.data);
        CHECK(blocks.sample.y.data == batches.sample.y.data);
        CHECK(blocks.sample.outputs == batches.sample.outputs);
        CHECK((blocks.partial == nullptr) == (batches.partial == nullptr));
        if (!blocks.partial || !batches.partial) continue;
        CHECK(blocks.partial->n == batches.partial->n);
        CHECK(blocks.partial->value == batches.partial->value);
        CHECK(blocks.partial->covariance.data == batches.partial->covariance.data);
    }
}

TEST_CASE(
    "plain: in blocks, progress is told each batch and may stop the run; what was finished is kept, up to four million "
    "numbers") {
    const auto stopped_after = [](const Problem& problem, std::int64_t calls) {
        std::int64_t seen = 0;
        Run run{.budget = 3'000'000, .rng = 3};
        run.progress = [&](std::int64_t, std::int64_t) {
            if (++seen == calls) throw Interrupted();
        };
        try {
            (void)plain(problem, run);
        } catch (const Interrupted& stop) {
            return stop;
        }
        throw std::logic_error("not stopped");
    };
    const Problem known = testing::ishigami().problem;
    for (const std::int64_t calls : {1, 2, 20}) {
        const Interrupted blocks = stopped_after(known, calls), batches = stopped_after(in_batches(known), calls);
        REQUIRE(blocks.partial != nullptr);
        CHECK(blocks.partial->n == calls * 65'536);
        CHECK(blocks.partial->value == batches.partial->value);
        CHECK(blocks.sample.n() == std::min<std::int64_t>(calls, 15) * 65'536);
        CHECK(blocks.sample.x.data == batches.sample.x.data);
        CHECK(blocks.sample.y.data == batches.sample.y.data);
    }
}

TEST_CASE("plain: a run that stops early does not ask a slow model again for what was finished") {
    const auto count = std::make_shared<std::atomic<std::int64_t>>(0);
    const Problem slow([=](std::span<const double> x) {
        ++*count;
        for (const auto start = std::chrono::steady_clock::now();
             std::chrono::steady_clock::now() - start < std::chrono::microseconds(8);) {
        }
        return x[0] * x[0];
    }, normal_2_3);
    const Problem quick([](std::span<const double> x) { return x[0] * x[0]; }, normal_2_3);
    for (const OnError on_error : {OnError::raise, OnError::discard}) {
        *count = 0;
        Run run{.budget = 100'000, .rng = 3, .threads = 1, .on_error = on_error};
        run.progress = [](std::int64_t n, std::int64_t) { if (n < 100'000) throw Interrupted(); };
        try {
            (void)plain(slow, run);
            FAIL("not stopped");
        } catch (const Interrupted& stop) {
            CHECK(*count == 65'536);
            CHECK(stop.partial->n == 65'536);
            const Estimate same = plain(quick, {.budget = 65'536, .rng = 3, .keep = Keep::sample});
            CHECK(stop.partial->value == same.value);
            CHECK(stop.sample.x.data == same.sample->x.data);
            CHECK(stop.sample.y.data == same.sample->y.data);
        }
    }
    CHECK(plain(slow, {.budget = 70'000, .rng = 3}).value == plain(quick, {.budget = 70'000, .rng = 3}).value);
}

TEST_CASE("plain: the key decides the numbers, and the estimate says which key it was") {
    const auto known = testing::ishigami();
    const Estimate fresh = plain(known.problem, {.budget = 100});
    CHECK(plain(known.problem, {.budget = 100, .rng = fresh.rng_key}).value == fresh.value);
    CHECK(plain(known.problem, {.budget = 100}).value != fresh.value);
}

TEST_CASE("plain: the model is called at exactly as many points as the budget says") {
    for (const std::int64_t budget : {2, 4095, 4097, 65'537}) {
        const auto count = std::make_shared<std::atomic<std::int64_t>>(0);
        const Problem counted([=](std::span<const double> x) { ++*count; return x[0]; }, normal_2_3);
        CHECK(plain(counted, {.budget = budget, .rng = 1}).n == budget);
        CHECK(*count == budget);
    }
    CHECK_THROWS_WITH_AS((void)plain(powers(), {.budget = 1}), "plain: budget must be at least 2, got 1", std::invalid_argument);
}

TEST_CASE("plain: the kept sample has the estimate as its mean, and its log densities are those of the inputs") {
    const Estimate e = plain(powers(), {.budget = 70'000, .rng = 4, .batch = 999, .keep = Keep::sample});
    REQUIRE(e.sample.has_value());
    REQUIRE(e.sample->n() == 70'000);
    double mean = 0;
    for (std::int64_t i = 0; i < 70'000; ++i) mean += e.sample->y(i, 0) / 70'000;
    CHECK(mean == doctest::Approx(e.value[0]).epsilon(1e-11));   // 70,000 roundings
    for (const std::int64_t i : {0, 69'999}) {
        const double z = (e.sample->x(i, 0) - 2) / 3;
        CHECK(e.sample->log_density[static_cast<std::size_t>(i)] ==
              doctest::Approx(-z * z / 2 - std::log(3) - std::log(2 * std::numbers::pi) / 2).epsilon(1e-13));
    }
}

TEST_CASE("plain: what a failing model leaves behind is the estimate of a smaller budget") {
    try {
        (void)plain(fails_after(70'000), {.budget = 200'000, .rng = 6, .batch = 1000});
        FAIL("the failure was swallowed");
    } catch (const ModelError& error) {
        CHECK(std::string(error.what()).find("out of licences") != std::string::npos);
        REQUIRE(error.partial != nullptr);
        // 65,536 of the first chunk and four whole batches of the second
        CHECK(error.partial->n == 69'536);
        const Estimate whole = plain(fails_after(1 << 20), {.budget = error.partial->n, .rng = 6});
        CHECK(error.partial->value == whole.value);
        CHECK(error.partial->covariance.data == whole.covariance.data);
        CHECK(error.partial->excess_kurtosis == whole.excess_kurtosis);
        auto diagnostics = error.partial->diagnostics;
        CHECK(std::get<std::string>(diagnostics.extract("stop").mapped()) == "unfinished");
        CHECK(diagnostics == whole.diagnostics);
    }
}

TEST_CASE("plain: a model that fails at once leaves no partial estimate") {
    try {
        (void)plain(fails_after(0), {.budget = 200, .rng = 6});
        FAIL("the failure was swallowed");
    } catch (const ModelError& error) {
        CHECK(error.partial == nullptr);
    }
}

TEST_CASE("plain: discarded failures leave the mean conditional on success") {
    const Problem half([](std::span<const double> x) { return x[0] < 0 ? std::nan("") : x[0]; }, testing::standard_normal(1));
    const Estimate e = plain(half, {.budget = 100'000, .rng = 8, .on_error = OnError::discard});
    // half-normal law: mean sqrt(2 / pi), variance 1 - 2 / pi
    CHECK(std::abs(e.value[0] - std::sqrt(2 / std::numbers::pi)) < 5 * e.std_error()[0]);
    CHECK(e.covariance(0, 0) * static_cast<double>(e.n - e.n_failed) ==
          doctest::Approx(1 - 2 / std::numbers::pi).epsilon(0.05));   // 5 sd: 0.03
    CHECK(std::abs(static_cast<double>(e.n_failed) - 50'000) < 5 * std::sqrt(25'000));
}

TEST_CASE("plain: a mean without a variance is warned of, and an event never hit too") {
    const Problem heavy([](std::span<const double> u) { return 1 / u[0]; }, testing::independent(1, Uniform()));
    const Estimate infinite = plain(heavy, {.budget = 20'000, .rng = 1});   // tail index 1
    REQUIRE(infinite.warnings.size() == 2);
    CHECK(infinite.warnings[0].find("heavy tail") != std::string::npos);
    CHECK(infinite.warnings[1].find("a few terms carry the mean") != std::string::npos);
    const Problem never([](std::span<const double> u) { return u[0] > 2 ? 1.0 : 0.0; }, testing::independent(1, Uniform()));
    const Estimate e = plain(never, {.budget = 1000, .rng = 1});
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0].find("never hit") != std::string::npos);
}

TEST_CASE("plain: an event of a few hits has a wider interval, and one of less than ten a warning") {
    // 30 hits expected: Poisson counts with 2 h degrees of freedom are covered in 95.5 % of the runs, with the normal
    // law in 93.1 %
    const Problem event([](std::span<const double> u) { return u[0] < 0.03 ? 1.0 : 0.0; },
                        testing::independent(1, Uniform(0, 1)));
    int covered = 0;
    for (std::uint64_t key = 0; key < 1000; ++key) {
        const Estimate e = plain(event, {.budget = 1000, .rng = key, .threads = 1});
        const auto [low, high] = e.confidence_interval();
        covered += low[0] <= 0.03 && 0.03 <= high[0];
    }
    CHECK(std::abs(covered - 955) < 5 * 6.6);   // five binomial standard deviations
    const Estimate few = plain(event, {.budget = 200, .rng = 1, .threads = 1});
    const double hits = 200 * few.value[0];
    REQUIRE(hits > 0);
    CHECK(few.excess_kurtosis[0] == doctest::Approx(1 / hits).epsilon(0.3));   // and 6 / n less
    REQUIRE(few.warnings.size() == 1);
    CHECK(few.warnings[0].find("a few terms carry the mean") != std::string::npos);
}

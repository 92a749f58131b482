#include <buffon/importance.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include <buffon/errors.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const Distribution standard = testing::standard_normal(1);
Distribution normal(double mean, double sd) { return testing::independent(1, Normal(mean, sd)); }

/// x + 1 under N(0, 1).
const Problem shifted([](std::span<const double> x) { return x[0] + 1; }, standard);

/// E z^k of N(mean, 1) for k = 2, 4, about `about`.
double second(double mean, double about) { return 1 + std::pow(mean - about, 2); }
double fourth(double mean, double about) { return std::pow(mean - about, 4) + 6 * std::pow(mean - about, 2) + 3; }

const std::vector<double>& pareto_k(const Estimate& e) { return std::get<std::vector<double>>(e.diagnostics.at("pareto_k")); }

}  // namespace

TEST_CASE("importance: a Gaussian tilt of exp(a x) has the mean and variance of the closed form") {
    constexpr std::int64_t n = 200'000;
    const double a = 1;
    const Problem exponential([=](std::span<const double> x) { return std::exp(a * x[0]); }, standard);
    const double mean = std::exp(a * a / 2);
    for (const double b : {0.6, 0.8, 1.0, 1.3}) {
        CAPTURE(b);
        const Estimate e = importance(exponential, {.budget = n, .rng = 3}, {.proposal = normal(b, 1)});
        // y w = mean exp(c z - c^2 / 2) with c = a - b: log-normal moments
        const double c = a - b, variance = mean * mean * std::expm1(c * c);
        const double q = std::exp(c * c);
        const double kurtosis = std::pow(q, 4) + 2 * std::pow(q, 3) + 3 * q * q - 3;
        CHECK(std::abs(e.value[0] - mean) <= 5 * std::sqrt(variance / n) + 1e-12);   // 1e-12: rounding, where the variance is 0
        CHECK(std::abs(n * e.covariance(0, 0) - variance) <= 5 * variance * std::sqrt((kurtosis - 1) / n) + 1e-12);
        CHECK(e.n == n);
    }
}

TEST_CASE("importance: errors are as large as they are said to be, over 1,000 keys, self-normalised or not") {
    for (const bool self_normalise : {false, true}) {
        CAPTURE(self_normalise);
        double ratio = 0;
        for (std::uint64_t key = 0; key < 1000; ++key) {
            const Estimate e = importance(shifted, {.budget = 2000, .rng = key, .threads = 1},
                                          {.proposal = normal(0.3, 1.2), .self_normalise = self_normalise});
            ratio += std::pow(e.value[0] - 1, 2) / e.covariance(0, 0) / 1000;
        }
        CHECK(std::abs(ratio - 1) < 0.15);   // mean of 1,000 chi-squares: standard deviation 0.045
    }
}

TEST_CASE("importance: self-normalised, a few large weights do not carry the mean of what is constant") {
    const Problem one([](std::span<const double>) { return 1.0; }, normal(0, 1));
    for (const bool self_normalise : {false, true}) {
        const Estimate e =
            importance(one, {.budget = 2000, .rng = 1}, {.proposal = normal(0.5, 1), .self_normalise = self_normalise});
        CHECK(std::isinf(std::get<std::vector<double>>(e.diagnostics.at("effective_terms"))[0]) == self_normalise);
    }
}

TEST_CASE("importance: self-normalised, the variance is E w^2 (y - mean)^2, without it E w^2 y^2 - mean^2") {
    constexpr std::int64_t n = 200'000;
    const double mu = 0.5;   // w^k q = exp((k^2 - k) mu^2 / 2) N((1 - k) mu, 1)
    for (const bool self_normalise : {false, true}) {
        CAPTURE(self_normalise);
        const Estimate e = importance(shifted, {.budget = n, .rng = 12},
                                      {.proposal = normal(mu, 1), .self_normalise = self_normalise});
        const double about = self_normalise ? 0 : -1;   // y - 1 = x, or y = x + 1
        const double variance = std::exp(mu * mu) * second(-mu, about) - (self_normalise ? 0 : 1);
        const double spread =
            std::sqrt(std::exp(6 * mu * mu) * fourth(-3 * mu, about) / n);         // bounds the sd of a sample variance
        CHECK(std::abs(e.value[0] - 1) < 5 * std::sqrt(variance / n) + 5.0 / n);   // 1/n: bias of the ratio
        CHECK(std::abs(n * e.covariance(0, 0) - variance) < 5 * spread);
        CHECK(spread < 0.05 * variance);   // so the check above tells the two apart
    }
}

TEST_CASE("importance: self-normalised, a constant is exact and its error is a number") {
    const Problem constant([](std::span<const double>) { return 2.5; }, standard);
    int numbers = 0;
    for (std::uint64_t key = 0; key < 100; ++key) {
        const Estimate e = importance(constant, {.budget = 5000, .rng = key, .threads = 1},
                                      {.proposal = normal(0.5, 1), .self_normalise = true});
        CHECK(e.value[0] == doctest::Approx(2.5).epsilon(1e-13));
        numbers += e.std_error()[0] < 1e-8;   // root of roundings of 1e-16 of the two terms that cancel
    }
    CHECK(numbers == 100);
}

TEST_CASE("importance: with the inputs as proposal all weights are 1") {
    const Estimate e = importance(shifted, {.budget = 5000, .rng = 12, .keep = Keep::sample}, {.proposal = standard});
    double mean = 0;
    for (std::int64_t i = 0; i < 5000; ++i) mean += (e.sample->x(i, 0) + 1) / 5000;
    CHECK(e.value[0] == doctest::Approx(mean).epsilon(1e-12));
    CHECK(std::get<double>(e.diagnostics.at("effective_size")) == doctest::Approx(5000).epsilon(1e-12));
}

TEST_CASE("importance: the effective size is n / E w^2 and the kept log densities are those of the proposal") {
    const Estimate e = importance(shifted, {.budget = 100'000, .rng = 12, .keep = Keep::sample}, {.proposal = normal(0.5, 1)});
    // (mean w)^2 / mean w^2 = exp(-1/4); sd of mean w^2 at most sqrt(E w^4 / n) = 0.7 %
    CHECK(std::get<double>(e.diagnostics.at("effective_size")) == doctest::Approx(100'000 * std::exp(-0.25)).epsilon(0.04));
    const double z = e.sample->x(7, 0) - 0.5;
    CHECK(e.sample->log_density[7] == doctest::Approx(-z * z / 2 - 0.9189385332046727).epsilon(1e-13));
}

TEST_CASE("importance: rows outside the support of the inputs cost no evaluation, and count as zeros") {
    constexpr std::int64_t n = 100'000;
    const auto count = std::make_shared<std::atomic<std::int64_t>>(0);
    const auto outside = std::make_shared<std::atomic<std::int64_t>>(0);
    const Problem root([=](std::span<const double> u) {
        ++*count;
        if (u[0] < 0 || u[0] > 1) ++*outside;
        return std::sqrt(u[0]);
    }, testing::independent(1, Uniform()));
    const Estimate e = importance(root, {.budget = n, .rng = 5, .keep = Keep::sample},
                                  {.proposal = testing::independent(1, Uniform(-1, 3))});
    CHECK(*outside == 0);
    CHECK(e.n == *count);
    CHECK(std::abs(static_cast<double>(e.n) - n / 4.0) < 5 * std::sqrt(n * 3.0 / 16));   // binomial
    CHECK(e.sample->n() == e.n);
    CHECK(e.sample->log_density[0] == doctest::Approx(-std::log(4.0)));
    // y w = 4 sqrt(u) with probability 1/4: mean 2/3, second moment 4 E u = 2
    CHECK(std::abs(e.value[0] - 2.0 / 3) < 5 * std::sqrt((2 - 4.0 / 9) / n));
    CHECK(n * e.covariance(0, 0) == doctest::Approx(2 - 4.0 / 9).epsilon(0.05));   // sd below 1 %: E (y w)^4 = 21.3
}

TEST_CASE("importance: a proposal that is too narrow is warned of, one that is wide enough is not") {
    // weights of N(0, s^2) for N(0, 1) have tail index 1 - s^2 below s = 1, and are bounded above
    const Run run{.budget = 20'000, .rng = 2};
    const Estimate narrow = importance(shifted, run, {.proposal = normal(0, 0.2)});
    CHECK(pareto_k(narrow).at(0) > 0.7);
    CHECK(std::ranges::count_if(narrow.warnings, [](const std::string& w) {
              return w.find("'y': what is averaged has a heavy tail") == 0;
          }) == 1);
    const Estimate wide = importance(shifted, run, {.proposal = normal(0, 1.5)});
    CHECK(pareto_k(wide).at(0) < 0.5);
    CHECK(wide.warnings.empty());
}

TEST_CASE("importance: bits do not depend on threads or batches") {
    const ImportanceOptions options{.proposal = normal(0.5, 1.3), .self_normalise = true};
    const Estimate once = importance(shifted, {.budget = 150'001, .rng = 9, .threads = 1}, options);
    for (const int threads : {1, 2, 4})
        for (const std::int64_t batch : {1000, 7777, 140'000}) {
            CAPTURE(threads);
            CAPTURE(batch);
            const Estimate e = importance(shifted, {.budget = 150'001, .rng = 9, .batch = batch, .threads = threads}, options);
            CHECK(e.value == once.value);
            CHECK(e.covariance.data == once.covariance.data);
            CHECK(e.diagnostics == once.diagnostics);
        }
}

TEST_CASE("importance: a rare support is found in every batch size, or in none") {
    const Problem unit([](std::span<const double> u) { return u[0]; }, testing::independent(1, Uniform()));
    const auto evaluations = [&](std::uint64_t key, std::int64_t batch) -> std::int64_t {
        try {
            return importance(unit, {.budget = 1 << 19, .rng = key, .batch = batch},
                              {.proposal = testing::independent(1, Uniform(0, 1e5))})
                .n;
        } catch (const std::invalid_argument&) {
            return -1;
        }
    };
    for (std::uint64_t key = 0; key < 4; ++key) CHECK(evaluations(key, 65'536) == evaluations(key, 1 << 19));
}

TEST_CASE("importance: what a failing model leaves behind claims no more evaluations than there were, and is unbiased") {
    constexpr std::int64_t limit = 20'000;   // a quarter of the draws is evaluated: in the second chunk of 65,536 draws
    const auto count = std::make_shared<std::int64_t>(0);
    const Problem failing(Model([=](ConstView x) {
        if ((*count += x.rows) > limit) throw std::runtime_error("out of licences");
        Outputs out{Matrix(x.rows, 1), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = x(i, 0);
        return out;
    }), testing::independent(1, Uniform()), {}, false);
    try {
        (void)importance(failing, {.budget = 200'000, .rng = 1, .batch = 1000},
                         {.proposal = testing::independent(1, Uniform(-1, 3))});
        FAIL("the failure was swallowed");
    } catch (const ModelError& error) {
        REQUIRE(error.partial != nullptr);
        CHECK(error.partial->n <= limit);
        CHECK(std::abs(error.partial->value[0] - 0.5) < 5 * error.partial->std_error()[0]);
        // y w = 4 u with probability 1/4: second moment 4/3; at least the first chunk is used
        CHECK(error.partial->covariance(0, 0) < 1.1 * (4.0 / 3 - 0.25) / 65'536);
    }
}

TEST_CASE("importance: discarded failures leave the mean conditional on success under the inputs, not under the proposal") {
    const Problem half([](std::span<const double> x) { return x[0] < 0 ? std::nan("") : x[0]; }, standard);
    for (const bool self_normalise : {false, true}) {
        const Estimate e = importance(half, {.budget = 100'000, .rng = 8, .on_error = OnError::discard},
                                      {.proposal = normal(0.7, 1.2), .self_normalise = self_normalise});
        CHECK(std::abs(e.value[0] - 0.7978845608028654) < 5 * e.std_error()[0]);   // half-normal: sqrt(2 / pi)
        CHECK(e.std_error()[0] < 0.01);
    }
}

TEST_CASE("importance: a missing proposal, one of another dimension and one elsewhere are refused") {
    CHECK_THROWS_WITH_AS((void)importance(shifted, {.budget = 100}, {}),
                         "importance: proposal is needed: the law that is sampled", std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)importance(shifted, {.budget = 100}, {.proposal = testing::standard_normal(2)}),
                         "importance: proposal must have 1 coordinates, got 2", std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)importance(shifted, {.budget = 1}, {.proposal = standard}),
                         "importance: budget must be at least 2, got 1", std::invalid_argument);
    const Problem unit([](std::span<const double> u) { return u[0]; }, testing::independent(1, Uniform()));
    CHECK_THROWS_WITH_AS((void)importance(unit, {.budget = 100, .rng = 1}, {.proposal = testing::independent(1, Uniform(2, 3))}),
                         "importance: no point of the proposal falls into the support of the inputs", std::invalid_argument);
}

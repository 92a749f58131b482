#include <buffon/amis.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/laws/normal.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

struct Score {
    double criterion = 0;   // mean over keys of the sum of squared relative errors
    double covered = 0;     // share of 95 % intervals that hold the truth
    double bias = 0;        // mean error / mean standard error, over keys and values
};

Score score_of(const testing::KnownProblem& known, int keys, std::int64_t budget, const AmisOptions& options) {
    Score s;
    std::vector<double> error(known.exact.size()), claimed(known.exact.size());
    const double share = 1.0 / (keys * static_cast<double>(known.exact.size()));
    for (int key = 1; key <= keys; ++key) {
        const Estimate e = amis(known.problem, {.budget = budget, .rng = static_cast<std::uint64_t>(key), .threads = 1}, options);
        const auto [low, high] = e.confidence_interval();
        const auto se = e.std_error();
        for (std::size_t j = 0; j < known.exact.size(); ++j) {
            const double off = e.value[j] - known.exact[j];
            s.criterion += std::pow(off / known.exact[j], 2) / keys;
            s.covered += share * (low[j] <= known.exact[j] && known.exact[j] <= high[j]);
            error[j] += off;
            claimed[j] += se[j];
        }
    }
    for (std::size_t j = 0; j < error.size(); ++j) s.bias += error[j] / claimed[j] / static_cast<double>(error.size());
    return s;
}

bool warns(const Estimate& e, const std::string& part) {
    return std::ranges::any_of(e.warnings, [&](const std::string& w) { return w.find(part) != std::string::npos; });
}

std::int64_t number(const Estimate& e, const char* name) { return std::get<std::int64_t>(e.diagnostics.at(name)); }

testing::KnownProblem half_space(std::int64_t dim) {
    const double up = 0.5 * std::erfc(1.5 / std::numbers::sqrt2);
    Problem problem([dim](std::span<const double> x) {
        return std::accumulate(x.begin(), x.end(), 0.0) > 1.5 * std::sqrt(static_cast<double>(dim)) ? 1.0 : 0.0;
    }, testing::standard_normal(dim));
    return {"half space", problem, {up}, {0.0}, {}, "", {}, {}};
}

}  // namespace

TEST_CASE("amis: ten Gaussian moments from 20,000 points have a mean criterion below 6e-5 and honest intervals") {
    const Score s = score_of(testing::gaussian_moments(), 40, 20'000, {});
    MESSAGE("criterion " << s.criterion << ", covered " << s.covered << ", bias " << s.bias);
    CHECK(s.criterion <= 6e-5);   // as aiscv; plain Monte Carlo 49.75
    CHECK(s.covered >= 0.87);     // 400 intervals of 95 %, ten of a key correlated
}

TEST_CASE("amis: halves fitted to each other's points have no bias to speak of where the classic scheme has several errors") {
    const testing::KnownProblem known = half_space(20);
    const AmisOptions iid{.points = Points::iid, .adaptation = 0.5};
    const Score crossed = score_of(known, 100, 4'000, iid);
    AmisOptions all = iid;
    all.refit = Refit::all;
    const Score classic = score_of(known, 100, 4'000, all);
    MESSAGE("crossed " << crossed.bias << ", covered " << crossed.covered << "; classic " << classic.bias
                       << ", covered " << classic.covered);
    CHECK(classic.bias < -1.5);                  // errors of 0.1
    CHECK(classic.covered < 0.7);
    CHECK(std::abs(crossed.bias) < 0.6);
    CHECK(crossed.covered > 0.87);
}

TEST_CASE("amis: with independent points it has less error than its final sample alone") {
    const testing::KnownProblem known = testing::linear_exceedance(2, {2, 3, 3.5});
    const AmisOptions all{.points = Points::iid};
    AmisOptions last = all;
    last.use = Use::final;
    last.adaptation = 0.5;
    const Score recycled = score_of(known, 150, 4'000, all), alone = score_of(known, 150, 4'000, last);
    MESSAGE("all " << recycled.criterion << ", final " << alone.criterion);
    CHECK(recycled.criterion < alone.criterion);
    CHECK(recycled.covered > 0.88);
}

TEST_CASE("amis: four regions of failure are all found: with one law for each event one run of ten misses one in silence") {
    const testing::KnownProblem known = testing::four_branch();
    const Score chosen = score_of(known, 60, 10'000, {}), one = score_of(known, 60, 10'000, {.components = 1});
    MESSAGE("chosen " << chosen.criterion << ", covered " << chosen.covered << "; one " << one.criterion << ", covered "
                      << one.covered);
    CHECK(chosen.covered >= 0.9);   // 180 intervals of 95 %, three of a key correlated
    CHECK(10 * chosen.criterion < one.criterion);
}

TEST_CASE("amis: every evaluation is in the estimate, and n is what the model counted") {
    for (const Points points : {Points::rqmc, Points::iid})
        for (const Refit refit : {Refit::crossed, Refit::all, Refit::newest}) {
            std::atomic<std::int64_t> calls = 0;
            const Problem problem([&](std::span<const double> x) { return ++calls, std::exp(2 * x[0] + x[1]); },
                                  testing::standard_normal(2));
            const Estimate e = amis(problem, {.budget = 10'000, .rng = 1}, {.refit = refit, .points = points});
            CHECK(e.n == calls);
            CHECK(e.n <= 10'000);
            CHECK(number(e, "recycled_n") == e.n);
            CHECK(number(e, "adaptation_n") > 0);
            CHECK(std::abs(e.value[0] - std::exp(2.5)) < 6 * e.std_error()[0]);
        }
}

TEST_CASE("amis: use = final is aiscv, bit for bit") {
    const testing::KnownProblem known = testing::gaussian_moments();
    const Run run{.budget = 5'000, .rng = 4};
    const Estimate a = amis(known.problem, run, {.use = Use::final, .refit = Refit::all, .adaptation = 0.5}),
                   b = aiscv(known.problem, run);
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    CHECK(a.n == b.n);
}

TEST_CASE("amis: several outputs under several laws are ordered law by law") {
    const Problem problem([](std::span<const double> x) { return std::vector{x[0], x[0] * x[0]}; },
                          testing::standard_normal(1), {"a", "b"});
    const std::vector<double> means{-1, 0, 2};
    std::vector<Distribution> laws;
    for (const double mean : means) laws.push_back(testing::independent(1, Normal(mean, 1)));
    const Estimate e = amis(problem, {.budget = 8'000, .rng = 2}, {.laws = laws});
    REQUIRE(e.size() == 6);
    CHECK(e.names[3] == "law 2: b");
    for (std::size_t j = 0; j < 3; ++j) {
        CHECK(std::abs(e.value[2 * j] - means[j]) < 5 * e.std_error()[2 * j]);
        CHECK(std::abs(e.value[2 * j + 1] - means[j] * means[j] - 1) < 5 * e.std_error()[2 * j + 1]);
    }
}

TEST_CASE("amis: neither threads nor batches change a bit") {
    const testing::KnownProblem known = testing::linear_exceedance(2, {2, 3, 3.5});
    for (const AmisOptions& options : {AmisOptions{}, AmisOptions{.refit = Refit::newest, .points = Points::iid},
                                       AmisOptions{.family = Family::student}}) {
        const Estimate first = amis(known.problem, {.budget = 9'000, .rng = 3, .threads = 1}, options);
        for (const int threads : {2, 4})
            for (const std::int64_t batch : {1000, 7777}) {
                const Estimate e = amis(known.problem, {.budget = 9'000, .rng = 3, .batch = batch, .threads = threads}, options);
                CHECK(e.value == first.value);
                CHECK(e.covariance.data == first.covariance.data);
                CHECK(e.excess_kurtosis == first.excess_kurtosis);
            }
    }
}

TEST_CASE("amis: discarded failures leave the mean given success, and are counted") {
    const Problem problem([](std::span<const double> x) {
        if (x[0] > 2) throw std::runtime_error("no");
        return x[0];
    }, testing::standard_normal(1));
    const Estimate e = amis(problem, {.budget = 20'000, .rng = 1, .on_error = OnError::discard});
    const double p = 0.5 * std::erfc(-std::numbers::sqrt2), truth = -std::exp(-2.0) / std::sqrt(2 * std::numbers::pi) / p;
    CHECK(e.n_failed > 0);
    CHECK(std::abs(e.value[0] - truth) < 5 * e.std_error()[0]);
}

TEST_CASE("amis: an event without a score that is never hit has the value 0 and a warning") {
    const Problem problem([](std::span<const double> x) { return x[0] > 40 ? 1.0 : 0.0; }, testing::standard_normal(1),
                          {"never"});
    const Estimate e = amis(problem, {.budget = 2'000, .rng = 1});
    CHECK(e.value[0] == 0);
    CHECK(warns(e, "'never' was 0 in the whole sample"));
}

TEST_CASE("amis: options that cannot be are named with their value") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, testing::standard_normal(1));
    CHECK_THROWS_WITH_AS((void)amis(problem, {.budget = 1'000}, {.components = -1}),
                         "amis: components must be at least 0, got -1", std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)amis(problem, {.budget = 1'000}, {.weights = {1, 2}}),
                         "amis: weights must have one entry per expectation, 1, got 2", std::invalid_argument);
    CHECK_THROWS_WITH_AS((void)amis(problem, {.budget = 20}),
                         "amis: budget must be at least 32, twice replicates = 16, got 20", std::invalid_argument);
}

#include <buffon/logspace.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Quantiles of the generalised Pareto law at uniforms of a stream.
std::vector<double> pareto_sample(double k, int n, std::uint32_t id) {
    std::vector<double> x;
    for (int i = 0; i < n; ++i) {
        const double log_tail = std::log(Stream{31, id}.uniform(i, 0));
        x.push_back(k == 0.0 ? -log_tail : std::expm1(-k * log_tail) / k);
    }
    return x;
}

std::vector<double> scaled(std::vector<double> x, double factor) {
    for (double& v : x) v *= factor;
    return x;
}

std::vector<double> squares(int n) {
    std::vector<double> x;
    for (int i = 1; i <= n; ++i) x.push_back(static_cast<double>(i) * i);
    return x;
}

}  // namespace

TEST_CASE("log_sum_exp: small cases are exact") {
    CHECK(log_sum_exp(std::vector{0.0}) == 0.0);
    CHECK(log_sum_exp(std::vector{0.0, 0.0}) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
    CHECK(log_sum_exp(std::vector{std::log(1.0), std::log(2.0), std::log(3.0)}) ==
          doctest::Approx(std::log(6.0)).epsilon(1e-15));
}

TEST_CASE("log_sum_exp: neither overflows nor vanishes") {
    CHECK(log_sum_exp(std::vector{1000.0, 1000.0}) == doctest::Approx(1000.0 + std::log(2.0)).epsilon(1e-15));
    CHECK(log_sum_exp(std::vector{-1e300, -1e300}) == -1e300);
    CHECK(log_sum_exp(std::vector{-infinity, 3.0}) == 3.0);
}

TEST_CASE("log_sum_exp: infinite terms and empty sums have their limits") {
    CHECK(log_sum_exp({}) == -infinity);
    CHECK(log_sum_exp(std::vector{-infinity, -infinity}) == -infinity);
    CHECK(log_sum_exp(std::vector{-infinity, infinity, 1.0}) == infinity);
}

TEST_CASE("log_sum_exp: a million equal terms keep their digits") {
    CHECK(log_sum_exp(std::vector<double>(1000000, 0.1)) == doctest::Approx(0.1 + std::log(1e6)).epsilon(1e-15));
}

TEST_CASE("effective_size: equal weights count fully, one weight counts once") {
    CHECK(effective_size(std::vector<double>(17, 0.3)) == doctest::Approx(17.0).epsilon(1e-15));
    CHECK(effective_size(std::vector{0.0, 5.0, 0.0}) == 1.0);
    CHECK(effective_size(std::vector{1.0, 2.0, 3.0}) == doctest::Approx(36.0 / 14.0).epsilon(1e-15));
}

TEST_CASE("effective_size: no weight is size 0") {
    CHECK(effective_size({}) == 0.0);
    CHECK(effective_size(std::vector{0.0, 0.0}) == 0.0);
}

TEST_CASE("effective_size: the scale of the weights does not matter, extremes included") {
    for (const double factor : {1e-300, 0x1p-1060, 1e300, 0x1p1020})
        CHECK(effective_size(scaled({1.0, 2.0, 3.0}, factor)) == doctest::Approx(36.0 / 14.0).epsilon(1e-3));
    CHECK(effective_size(scaled({1.0, 2.0, 3.0}, 0x1p900)) == effective_size(std::vector{1.0, 2.0, 3.0}));
}

TEST_CASE("pareto_k: samples of a generalised Pareto law return its shape") {
    constexpr int n = 200000;
    const double tail = std::ceil(3.0 * std::sqrt(n));
    std::uint32_t id = 0;
    for (const double k : {0.0, 0.3, 0.5, 0.7, 1.0, 2.0}) {
        const auto estimate = pareto_k(pareto_sample(k, n, ++id));
        REQUIRE(estimate.has_value());
        // asymptotic standard error of maximum likelihood (1 + k) / sqrt(tail); the prior moves it by less than 0.02
        CHECK(std::abs(*estimate - k) < 5.0 * (1.0 + k) / std::sqrt(tail) + 0.02);
    }
}

TEST_CASE("pareto_k: equals an independent evaluation of the formulas") {
    // weights 1, 4, 9, ..., n^2; values by a Python transcription of Zhang & Stephens (2009) in 50-digit arithmetic
    CHECK(*pareto_k(squares(25)) == doctest::Approx(0.15476248757234129).epsilon(1e-12));
    CHECK(*pareto_k(squares(100)) == doctest::Approx(-0.35580345290297477).epsilon(1e-12));
    CHECK(*pareto_k(squares(1000)) == doctest::Approx(-0.79458880261585563).epsilon(1e-12));
}

TEST_CASE("pareto_k: neither the scale nor the order of the weights matters") {
    const auto x = pareto_sample(0.6, 5000, 50);
    const double k = *pareto_k(x);
    CHECK(*pareto_k(scaled(x, 0x1p-800)) == k);
    CHECK(*pareto_k(scaled(x, 0x1p900)) == k);
    CHECK(*pareto_k(scaled(x, 3.7e-5)) == doctest::Approx(k).epsilon(1e-10));
    CHECK(*pareto_k(std::vector<double>(x.rbegin(), x.rend())) == k);
    const auto some = pareto_sample(0.6, 4096, 50);
    std::vector<double> sorted = some, spread(some.size());   // the largest together, and every sixteenth
    std::ranges::sort(sorted, std::greater<>());
    for (std::size_t i = 0; i < spread.size(); ++i) spread[i % 256 * 16 + i / 256] = sorted[i];
    CHECK(*pareto_k(sorted) == *pareto_k(some));
    CHECK(*pareto_k(spread) == *pareto_k(some));
}

TEST_CASE("pareto_k: no value for few weights, a constant or a vanishing tail") {
    CHECK_FALSE(pareto_k({}).has_value());
    CHECK_FALSE(pareto_k(squares(24)).has_value());
    CHECK(pareto_k(squares(25)).has_value());
    CHECK_FALSE(pareto_k(std::vector<double>(1000, 0.0)).has_value());
    CHECK_FALSE(pareto_k(std::vector<double>(1000, 0.7)).has_value());
    std::vector<double> equal_hits(1000, 0.0);
    for (int i = 0; i < 20; ++i) equal_hits[static_cast<std::size_t>(i * 31)] = 2.0;
    CHECK_FALSE(pareto_k(equal_hits).has_value());
    std::vector<double> rounding(1000, 1.0);
    for (std::size_t i = 0; i < 500; ++i) rounding[2 * i] += static_cast<double>(i % 7) * 0x1p-52;
    CHECK_FALSE(pareto_k(rounding).has_value());
}

TEST_CASE("pareto_k: a few hits among zeros are judged by the hits") {
    std::vector<double> weights(1000, 0.0);
    const auto hits = pareto_sample(1.5, 60, 70);
    for (std::size_t i = 0; i < hits.size(); ++i) weights[i * 16] = hits[i];
    const auto k = pareto_k(weights);
    REQUIRE(k.has_value());
    CHECK(std::abs(*k - 1.5) < 5.0 * 2.5 / std::sqrt(60.0));
}

TEST_CASE("pareto_k: is never NaN, whatever range the weights span") {
    std::vector<double> wide, single(1000, 1.0), two_levels(1000, 1.0);
    for (int i = 0; i < 1000; ++i) wide.push_back(std::exp(-745.0 + 1.45 * i));   // all magnitudes of a double
    single[500] = 1e300;
    for (std::size_t i = 0; i < 10; ++i) two_levels[i] = i < 9 ? 1.0 + 1e-9 : 1e12;
    for (double& w : wide) w = std::min(w, 1e308);
    for (const auto& weights : {wide, single, two_levels}) {
        const auto k = pareto_k(weights);
        CHECK((!k || std::isfinite(*k)));
    }
    CHECK(*pareto_k(wide) > 0.7);
}

TEST_CASE("weights that are negative, infinite or NaN are refused") {
    for (const double bad : {-1.0, infinity, std::nan("")}) {
        std::vector<double> weights(30, 1.0);
        weights[7] = bad;
        CHECK_THROWS_AS(effective_size(weights), std::invalid_argument);
        CHECK_THROWS_AS(pareto_k(weights), std::invalid_argument);
    }
}

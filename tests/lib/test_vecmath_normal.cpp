#include <buffon/vecmath_normal.hpp>

#include "ulps.hpp"

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

using Wide = long double;
const boost::math::normal_distribution<Wide> standard;
Wide wide_erfc(Wide x) { return std::erfc(x); }
Wide wide_cdf(Wide z) { return cdf(standard, z); }
Wide wide_quantile(Wide p) { return p < 0.5L ? quantile(standard, p) : -quantile(standard, 1 - p); }

/// log P(Z <= z) by the asymptotic series of Mills' ratio, for z < -30.
Wide log_cdf_series(Wide z) {
    Wide sum = 1, term = 1;
    for (int k = 1; k <= 8; ++k) sum += term *= -(2 * k - 1) / (z * z);
    return -z * z / 2 - std::log(-z * std::sqrt(2 * std::acos(Wide(-1)))) + std::log(sum);
}

/// Uniform in the logarithm down to the smallest number.
double small_probability(double u, std::int64_t) { return std::exp2(-1074 * u); }

}  // namespace

TEST_CASE("erfc: within 2 ulp over the whole range") {
    CHECK(worst_ulps(300'000, vecmath::erfc, wide_erfc, [](double u, auto) { return -6.0 + 32.5 * u; }) < 2.0);
    CHECK(worst_ulps(300'000, vecmath::erfc, wide_erfc, [](double u, auto) { return -1.0 + 3.0 * u; }) < 2.0);
    CHECK(worst_ulps(100'000, vecmath::erfc, wide_erfc, [](double u, auto) { return 26.5 + 0.8 * u; }) <
          2.0);   // denormal results
}

TEST_CASE("erfc: ends of the range") {
    CHECK(vecmath::erfc(0.0) == 1.0);
    for (const double x : {27.3, 28.0, 1e300, infinity}) CHECK(vecmath::erfc(x) == 0.0);
    for (const double x : {-6.0, -30.0, -infinity}) CHECK(vecmath::erfc(x) == 2.0);
    CHECK(std::isnan(vecmath::erfc(no_number)));
}

TEST_CASE("normal_cdf: within 2 ulp of Boost.Math over the whole range") {
    CHECK(worst_ulps(200'000, vecmath::normal_cdf, wide_cdf, [](double u, auto) { return -38.6 + 47.6 * u; }) < 2.0);
    CHECK(worst_ulps(300'000, vecmath::normal_cdf, wide_cdf, [](double u, auto) { return 8 * u - 4; }) < 2.0);
}

TEST_CASE("normal_cdf: ends of the range") {
    CHECK(vecmath::normal_cdf(0.0) == 0.5);
    CHECK(vecmath::normal_cdf(-0.0) == 0.5);
    for (const double z : {-39.0, -1e300, -infinity}) CHECK(vecmath::normal_cdf(z) == 0.0);
    for (const double z : {9.0, 1e300, infinity}) CHECK(vecmath::normal_cdf(z) == 1.0);
    CHECK(std::isnan(vecmath::normal_cdf(no_number)));
}

TEST_CASE("normal_log_cdf: within 3 ulp of Boost.Math, of the asymptotic series where the cdf has no digits") {
    const auto oracle = [](Wide z) { return z > 0 ? std::log1p(-cdf(complement(standard, z))) : std::log(cdf(standard, z)); };
    CHECK(worst_ulps(300'000, vecmath::normal_log_cdf, oracle, [](double u, auto) { return -100.0 + 138.0 * u; }) < 3.0);
    CHECK(worst_ulps(200'000, vecmath::normal_log_cdf, oracle, [](double u, auto) { return 8 * u - 4; }) < 3.0);
    CHECK(worst_ulps(100'000, vecmath::normal_log_cdf, log_cdf_series,
                     [](double u, auto) { return -std::exp2(5 + 506 * u); }) < 3.0);
    CHECK(vecmath::normal_log_cdf(-infinity) == -infinity);
    CHECK(vecmath::normal_log_cdf(infinity) == 0.0);
    CHECK(std::isnan(vecmath::normal_log_cdf(no_number)));
}

TEST_CASE("normal_quantile: within 2 ulp of Boost.Math from the smallest double to 1") {
    CHECK(worst_ulps(60'000, vecmath::normal_quantile, wide_quantile, [](double u, auto) { return u; }) < 2.0);
    CHECK(worst_ulps(60'000, vecmath::normal_quantile, wide_quantile, [](double u, auto) { return 0.05 + 0.2 * u; }) < 2.0);
    CHECK(worst_ulps(30'000, vecmath::normal_quantile, wide_quantile, small_probability) < 2.0);
    CHECK(worst_ulps(30'000, vecmath::normal_quantile, wide_quantile,
                     [](double u, auto) { return std::exp2(-10 * u) / 2; }) < 2.0);
    CHECK(worst_ulps(30'000, vecmath::normal_quantile, wide_quantile,
                     [](double u, auto) { return 1 - std::exp2(-52 * u); }) < 2.0);
}

TEST_CASE("normal_quantile: symmetric where 1 - p is exact, and monotone across the seam of its two forms") {
    for (int i = 1; i < 4096; ++i) CHECK(vecmath::normal_quantile(i / 8192.0) == -vecmath::normal_quantile(1 - i / 8192.0));
    for (const double seam : {0.5 - vecmath::central_width, 0.5 + vecmath::central_width})
        for (int i = -100; i < 100; ++i)
            CHECK(vecmath::normal_quantile(seam + i * 1e-14) < vecmath::normal_quantile(seam + (i + 1) * 1e-14));
}

TEST_CASE("normal_quantile: ends of the range") {
    CHECK(vecmath::normal_quantile(0.0) == -infinity);
    CHECK(vecmath::normal_quantile(1.0) == infinity);
    CHECK(vecmath::normal_quantile(0.5) == 0.0);
    for (const double p : {-1e-300, -1.0, 1.0000000000000002, 2.0, infinity, -infinity, no_number})
        CHECK(std::isnan(vecmath::normal_quantile(p)));
}

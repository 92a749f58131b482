#include <buffon/vecmath.hpp>

#include "ulps.hpp"

#include <doctest/doctest.h>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

using Wide = long double;
Wide wide_exp(Wide x) { return std::exp(x); }
Wide wide_expm1(Wide x) { return std::expm1(x); }
Wide wide_log(Wide x) { return std::log(x); }
Wide wide_log1p(Wide x) { return std::log1p(x); }

/// Both signs and all sizes down to 2^-60.
double around_zero(double u, std::int64_t i) { return std::ldexp(2 * u - 1, -static_cast<int>(i % 60)); }

/// Uniform in the logarithm over all positive doubles, denormal ones among them.
double any_positive(double u, std::int64_t) { return std::exp2(-1074 + 2097.9 * u); }

}  // namespace

TEST_CASE("exp: within 1 ulp over the range of normal results and near 0") {
    CHECK(worst_ulps(400'000, vecmath::exp, wide_exp, [](double u, auto) { return -708.0 + 1417.7 * u; }) < 1.0);
    CHECK(worst_ulps(200'000, vecmath::exp, wide_exp, [](double u, auto) { return 2 * u - 1; }) < 1.0);
    CHECK(worst_ulps(200'000, vecmath::exp, wide_exp, around_zero) < 1.0);
    CHECK(vecmath::exp(0.0) == 1.0);
    CHECK(vecmath::exp(-0.0) == 1.0);
}

TEST_CASE("exp: denormal results are within 1.1 units of the smallest number") {
    CHECK(worst_ulps(100'000, vecmath::exp, wide_exp, [](double u, auto) { return -746.0 + 38.0 * u; }) < 1.1);
}

TEST_CASE("exp: overflow, underflow, infinities and NaN end where they should") {
    CHECK(vecmath::exp(709.782712893384) == doctest::Approx(1.797693134862273e308).epsilon(1e-12));
    CHECK(std::isfinite(vecmath::exp(709.782712893384)));
    CHECK(vecmath::exp(709.782712893385) == infinity);
    CHECK(vecmath::exp(-745.1332191019411) == 0x1p-1074);
    CHECK(vecmath::exp(-745.1332191019413) == 0.0);
    for (const double x : {710.0, 711.0, 1e10, largest, infinity}) CHECK(vecmath::exp(x) == infinity);
    for (const double x : {-746.0, -1e10, -largest, -infinity}) CHECK(vecmath::exp(x) == 0.0);
    CHECK(std::isnan(vecmath::exp(no_number)));
}

TEST_CASE("expm1: within 2 ulp over the whole range, and no digit lost near 0") {
    CHECK(worst_ulps(300'000, vecmath::expm1, wide_expm1, [](double u, auto) { return -50.0 + 759.7 * u; }) < 2.0);
    CHECK(worst_ulps(300'000, vecmath::expm1, wide_expm1, [](double u, auto) { return 6 * u - 3; }) < 2.0);
    CHECK(worst_ulps(200'000, vecmath::expm1, wide_expm1, around_zero) < 2.0);
    CHECK(std::signbit(vecmath::expm1(-0.0)));
    for (const double x : {0x1p-1074, -0x1p-1022, 1e-300}) CHECK(vecmath::expm1(x) == x);
    for (const double x : {710.0, 1e10, infinity}) CHECK(vecmath::expm1(x) == infinity);
    CHECK(std::isfinite(vecmath::expm1(709.78)));
    for (const double x : {-40.0, -1e10, -infinity}) CHECK(vecmath::expm1(x) == -1.0);
    CHECK(std::isnan(vecmath::expm1(no_number)));
}

TEST_CASE("log: within 1 ulp over all positive doubles and near 1") {
    CHECK(worst_ulps(400'000, vecmath::log, wide_log, any_positive) < 1.0);
    CHECK(worst_ulps(400'000, vecmath::log, wide_log, [](double u, auto) { return 0.5 + 1.5 * u; }) < 1.0);
    CHECK(worst_ulps(200'000, vecmath::log, wide_log, [](double u, auto i) { return 1 + 0.5 * around_zero(u, i % 50); }) < 1.0);
}

TEST_CASE("log: ends of the range") {
    CHECK(vecmath::log(1.0) == 0.0);
    CHECK(ulps(vecmath::log(0x1p-1074), std::log(0x1p-1074L)) < 1.0);
    CHECK(ulps(vecmath::log(largest), std::log(static_cast<long double>(largest))) < 1.0);
    for (const double x : {0.0, -0.0}) CHECK(vecmath::log(x) == -infinity);
    CHECK(vecmath::log(infinity) == infinity);
    for (const double x : {-0x1p-1074, -1.0, -infinity, no_number}) CHECK(std::isnan(vecmath::log(x)));
}

TEST_CASE("log1p: within 2 ulp over the whole range, and no digit lost near 0") {
    CHECK(worst_ulps(300'000, vecmath::log1p, wide_log1p, [](double u, auto) { return 4 * u - 1; }) < 2.0);
    CHECK(worst_ulps(300'000, vecmath::log1p, wide_log1p, around_zero) < 2.0);
    CHECK(worst_ulps(300'000, vecmath::log1p, wide_log1p, any_positive) < 2.0);
    CHECK(worst_ulps(100'000, vecmath::log1p, wide_log1p,
                     [](double u, auto i) { return std::ldexp(u + 0x1p-10, -static_cast<int>(i % 42)) - 1; }) < 2.0);
    CHECK(std::signbit(vecmath::log1p(-0.0)));
    for (const double x : {0x1p-1074, -0x1p-1022, 1e-300}) CHECK(vecmath::log1p(x) == x);
    CHECK(vecmath::log1p(-1.0) == -infinity);
    CHECK(vecmath::log1p(infinity) == infinity);
    for (const double x : {-1.0000000000000002, -infinity, no_number}) CHECK(std::isnan(vecmath::log1p(x)));
}

TEST_CASE("power_of_two: every exponent of a normal number") {
    for (int n = -1022; n <= 1023; ++n) CHECK(vecmath::power_of_two(n + 0x1.8p52) == std::ldexp(1.0, n));
}

TEST_CASE("polynomial: coefficients from the constant up") { CHECK(vecmath::polynomial(2.0, 1.0, 3.0, 0.5) == 9.0); }

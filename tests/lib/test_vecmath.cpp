#include <buffon/vecmath.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Distance from the exact value in units of the last place of a double there; the smallest unit is 2^-1074.
double ulps(double value, long double exact) {
    const int exponent = std::max(std::ilogb(static_cast<double>(exact)), -1022);
    return static_cast<double>(std::fabs((value - exact) / std::ldexp(1.0L, exponent - 52)));
}

}  // namespace

// The oracle: long double with 64 bits of mantissa.
static_assert(std::numeric_limits<long double>::digits >= 64);

TEST_CASE("exp: within 1.1 ulp of a long double oracle over the range of normal results") {
    double worst = 0;
    for (std::int64_t i = 0; i < 400'000; ++i) {
        const double x = -708.0 + 1417.7 * Stream{1, 0}.uniform(i, 0);
        worst = std::max(worst, ulps(vecmath::exp(x), std::exp(static_cast<long double>(x))));
    }
    CHECK(worst <= 1.1);
}

TEST_CASE("exp: within 1.1 ulp near 0, where log-sum-exp lives") {
    double worst = 0;
    for (std::int64_t i = 0; i < 200'000; ++i) {
        const double x = 2.0 * Stream{1, 1}.uniform(i, 0) - 1.0, tiny = std::ldexp(x, -static_cast<int>(i % 60));
        for (const double v : {x, tiny}) worst = std::max(worst, ulps(vecmath::exp(v), std::exp(static_cast<long double>(v))));
    }
    CHECK(worst <= 1.1);
    CHECK(vecmath::exp(0.0) == 1.0);
    CHECK(vecmath::exp(-0.0) == 1.0);
}

TEST_CASE("exp: denormal results are within one unit of the smallest number") {
    double worst = 0;
    for (std::int64_t i = 0; i < 100'000; ++i) {
        const double x = -746.0 + 38.0 * Stream{1, 2}.uniform(i, 0);
        const long double exact = std::exp(static_cast<long double>(x));
        worst = std::max(worst, static_cast<double>(std::fabs(vecmath::exp(x) - exact) / std::max(0x1p-1074L, std::ldexp(exact, -52))));
    }
    CHECK(worst <= 1.1);
}

TEST_CASE("exp: overflow, underflow, infinities and NaN end where they should") {
    CHECK(vecmath::exp(709.782712893384) == doctest::Approx(1.797693134862273e308).epsilon(1e-12));
    CHECK(std::isfinite(vecmath::exp(709.782712893384)));
    CHECK(vecmath::exp(709.782712893385) == infinity);
    CHECK(vecmath::exp(-745.1332191019411) == 0x1p-1074);
    CHECK(vecmath::exp(-745.1332191019413) == 0.0);
    for (const double x : {710.0, 711.0, 1e10, std::numeric_limits<double>::max(), infinity}) CHECK(vecmath::exp(x) == infinity);
    for (const double x : {-746.0, -1e10, -std::numeric_limits<double>::max(), -infinity}) CHECK(vecmath::exp(x) == 0.0);
    CHECK(std::isnan(vecmath::exp(std::numeric_limits<double>::quiet_NaN())));
}

TEST_CASE("power_of_two: every exponent of a normal number") {
    for (int n = -1022; n <= 1023; ++n) CHECK(vecmath::power_of_two(n + 0x1.8p52) == std::ldexp(1.0, n));
}

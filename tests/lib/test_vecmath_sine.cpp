#include <buffon/vecmath_sine.hpp>

#include "ulps.hpp"

#include <doctest/doctest.h>

#include <numbers>

using namespace buffon;

namespace {

using Wide = long double;
Wide wide_sin(Wide x) { return std::sin(x); }
Wide wide_cos(Wide x) { return std::cos(x); }

constexpr Wide pi = std::numbers::pi_v<Wide>;

template <class Argument>
void check_both(std::int64_t n, const Argument& argument) {
    CHECK(worst_ulps(n, vecmath::sin, wide_sin, argument) < 2.0);
    CHECK(worst_ulps(n, vecmath::cos, wide_cos, argument) < 2.0);
}

}  // namespace

TEST_CASE("sin, cos: within 2 ulp for moderate angles") {
    check_both(400'000, [](double u, auto) { return 8 * u - 4; });
    check_both(200'000, [](double u, auto) { return 2e3 * u - 1e3; });
    check_both(200'000, [](double u, auto) { return 0x1p21 * u - 0x1p20; });
    check_both(100'000, [](double u, auto i) { return std::ldexp(2 * u - 1, -static_cast<int>(i % 1000)); });
}

TEST_CASE("sin, cos: within 2 ulp at the doubles beside the multiples of pi / 2") {
    check_both(660'000, [](double, auto i) { return static_cast<double>(static_cast<Wide>(i) * (pi / 2)); });
}

TEST_CASE("sin, cos: within 2 ulp for huge angles") {
    check_both(200'000, [](double u, auto) { return std::exp2(20 + 1003.99 * u); });
    check_both(100'000, [](double u, auto) { return -std::exp2(20 + 20 * u); });
    // the double nearest to a multiple of pi / 2 (Muller, Elementary Functions, 2nd edition, table 11.1)
    const double nearest = std::ldexp(6381956970095103.0, 797);
    CHECK(ulps(vecmath::cos(nearest), -4.68716592425462761112e-19L) < 1.0);
    CHECK(std::abs(vecmath::sin(nearest)) == 1.0);
}

TEST_CASE("sin, cos: symmetric, exact at 0, NaN where there is no value") {
    const double nan = std::nan("");
    CHECK(vecmath::sin(0.0) == 0.0);
    CHECK(std::signbit(vecmath::sin(-0.0)));
    CHECK(vecmath::cos(0.0) == 1.0);
    for (const double x : {0x1p-1074, 1e-300, 1e-20}) CHECK(vecmath::sin(x) == x);
    for (const double x : {0.3, 2.0, 77.0, 1e5, 1e7, 1e300}) {
        CHECK(vecmath::sin(-x) == -vecmath::sin(x));
        CHECK(vecmath::cos(-x) == vecmath::cos(x));
    }
    for (const double x : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), nan}) {
        CHECK(std::isnan(vecmath::sin(x)));
        CHECK(std::isnan(vecmath::cos(x)));
    }
}

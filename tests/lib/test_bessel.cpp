#include <buffon/bessel.hpp>

#include <cmath>

#include <boost/math/special_functions/bessel.hpp>
#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("log I agrees with Boost.Math for every kind of order") {
    for (const double order : {0.0, 0.5, 1.0, 4.0, 9.0, 24.0, 49.0, 59.5, 60.0, 99.0, 500.0})
        for (const double x : {1e-6, 1e-2, 0.3, 2.0, 17.0, 80.0, 400.0, 3000.0}) {
            CAPTURE(order);
            CAPTURE(x);
            const auto truth = static_cast<double>(
                std::log(boost::math::cyl_bessel_i(static_cast<long double>(order), static_cast<long double>(x))));
            CHECK(std::abs(log_bessel_i(order, x) - truth) <= 5e-13 + 5e-14 * std::abs(truth));
        }
}

TEST_CASE("log I keeps on where I itself overflows or underflows") {
    // leading terms of DLMF 10.40.1 and 10.30.1
    const double x = 1e5;
    CHECK(std::abs(log_bessel_i(2.0, x) - (x - 0.5 * std::log(2 * std::acos(-1.0) * x) - 15 / (8 * x))) < 1e-8);
    const double y = 1e-9;
    CHECK(std::abs(log_bessel_i(400.0, y) - (400 * std::log(0.5 * y) - std::lgamma(401.0))) < 1e-11);
}

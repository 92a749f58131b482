#include <buffon/elementary.hpp>

#include <buffon/vecmath_normal.hpp>
#include <buffon/vecmath_sine.hpp>

#include <doctest/doctest.h>

#include <initializer_list>

using namespace buffon;

TEST_CASE("elementary: the functions of the hot loops under their own names") {
    for (const double x : {0.1, 0.5, 1.7, 30.0}) {
        CHECK(elementary::exp(x) == vecmath::exp(x));
        CHECK(elementary::expm1(x) == vecmath::expm1(x));
        CHECK(elementary::log(x) == vecmath::log(x));
        CHECK(elementary::log1p(x) == vecmath::log1p(x));
        CHECK(elementary::sin(x) == vecmath::sin(x));
        CHECK(elementary::cos(x) == vecmath::cos(x));
        CHECK(elementary::erfc(x) == vecmath::erfc(x));
    }
}

#include <buffon/diffusion/schedules/checks.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("checks: an inverse is brought back to an end that it left by rounding, to the bit, and refused beyond") {
    CHECK(detail::snap("f", 2 + 1e-15, 0.5, 2.0, 7.0) == 2.0);
    CHECK(detail::snap("f", 0.5 - 1e-15, 0.5, 2.0, 7.0) == 0.5);
    CHECK(detail::snap("f", 1.25, 0.5, 2.0, 7.0) == 1.25);
    CHECK_THROWS_WITH_AS(detail::snap("f", 2.001, 0.5, 2.0, 7.0), "f: lambda must belong to a time in [0.5, 2], got 7",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(detail::snap("f", NAN, 0.5, 2.0, 7.0), "f: lambda must belong to a time in [0.5, 2], got 7",
                         std::invalid_argument);
}

TEST_CASE("checks: a time outside is refused") {
    CHECK_NOTHROW(detail::check_time("f", 0.5, 0.5, 2.0));
    CHECK_THROWS_WITH_AS(detail::check_time("f", 0.4, 0.5, 2.0), "f: t must lie in [0.5, 2], got 0.4", std::invalid_argument);
}

#include <buffon/diffusion/schedules/sub_vp.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon::diffusion;

TEST_CASE("sub_vp: alpha is that of VP, sigma the square of its sigma") {
    for (const double t : {1e-6, 1e-3, 0.3, 1.0}) {
        CHECK(SubVP().alpha(t) == VP().alpha(t));
        CHECK(std::abs(SubVP().sigma(t) / (VP().sigma(t) * VP().sigma(t)) - 1) < 1e-15);
    }
}

TEST_CASE("sub_vp: its diffusion is beta (1 - exp(-2 integral of beta))") {
    const SubVP s;
    for (const double t : {0.01, 0.2, 0.5, 0.9}) {
        const double h = 1e-4 * t;
        const double g2 = -2 * s.sigma(t) * s.sigma(t) * (s.lambda(t + h) - s.lambda(t - h)) / (2 * h);
        CHECK(g2 == doctest::Approx((0.1 + 19.9 * t) * -std::expm1(4 * s.log_alpha(t))).epsilon(1e-6));
    }
}

TEST_CASE("sub_vp: t_of_lambda inverts lambda to 1e-13 at both ends") {
    for (const double t : {1e-20, 1e-9, 1e-3, 0.5, 0.999999, 1.0})
        CHECK(std::abs(SubVP().t_of_lambda(SubVP().lambda(t)) - t) <= 1e-13 * t);
    CHECK(SubVP().t_of_lambda(SubVP().lambda(1e-300)) == doctest::Approx(1e-300).epsilon(1e-12).scale(0));   // lambda = 690, ulp 1e-13
    CHECK(SubVP().lambda(0) == INFINITY);
    CHECK(SubVP().t_of_lambda(INFINITY) == 0);
}

TEST_CASE("sub_vp: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { SubVP(0.0, 20.0); }) == "SubVP: b0 must be positive and finite, got 0");
    CHECK(message([] { SubVP().lambda(2); }) == "SubVP.lambda: t must lie in [0, 1], got 2");
    CHECK(message([] { SubVP().t_of_lambda(-800); }) == "SubVP.t_of_lambda: lambda must belong to a time in [0, 1], got -800");
}

TEST_CASE("sub_vp: its formula shows its numbers") {
    CHECK(SubVP().formula() == "log alpha(t) = -19.9 t^2 / 4 - 0.1 t / 2, sigma(t) = 1 - alpha(t)^2, 0 <= t <= 1");
}

#include <buffon/diffusion/schedules/vp.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon::diffusion;

TEST_CASE("vp: it preserves the variance, also where sigma^2 is far below the rounding of 1") {
    for (const double t : {1e-3, 0.1, 0.5, 1.0})
        CHECK(std::abs(VP().alpha(t) * VP().alpha(t) + VP().sigma(t) * VP().sigma(t) - 1) < 4e-16);
    // sigma^2 = b0 t (1 + O(t)), the next term being 100 t here
    CHECK(VP().sigma(1e-20) == doctest::Approx(std::sqrt(0.1 * 1e-20)).epsilon(1e-14));
}

TEST_CASE("vp: it meets its published ends") {   // lambda from -5.0250 (t = 1) to 4.5577 (t = 1e-3)
    CHECK(VP().lambda(1.0) == doctest::Approx(-5.0250).epsilon(1e-5));
    CHECK(VP().lambda(1e-3) == doctest::Approx(4.5577).epsilon(1e-5));
    CHECK(VP().alpha(1.0) == doctest::Approx(std::exp(-0.25 * 20.1)).epsilon(1e-15));
}

TEST_CASE("vp: the drift and the diffusion of the equation are beta's") {
    // f = d log alpha / dt = -beta / 2 and g^2 = -2 sigma^2 dlambda/dt = beta; central differences err by h^2 and eps / h
    for (const double t : {0.01, 0.2, 0.5, 0.9}) {
        const double h = 1e-4 * t;
        const double beta = 0.1 + 19.9 * t;
        const VP s;
        const double g2 = -2 * s.sigma(t) * s.sigma(t) * (s.lambda(t + h) - s.lambda(t - h)) / (2 * h);
        CHECK(g2 == doctest::Approx(beta).epsilon(1e-7));
        CHECK(std::log(s.alpha(t + h) / s.alpha(t - h)) / (2 * h) == doctest::Approx(-beta / 2).epsilon(1e-7));
    }
}

TEST_CASE("vp: t_of_log_alpha inverts log_alpha, for a constant beta too") {
    for (const VP& s : {VP(), VP(3.0, 3.0), VP(1e-8, 20.0)})
        for (const double t : {0.0, 1e-12, 1e-3, 0.4, 1.0})
            CHECK(std::abs(s.t_of_log_alpha(s.log_alpha(t)) - t) <= 4e-16 * t);
}

TEST_CASE("vp: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { VP(0.0, 20.0); }) == "VP: b0 must be positive and finite, got 0");
    CHECK(message([] { VP(1.0, 0.5); }) == "VP: b1 must be finite and at least b0 = 1, got 0.5");
    CHECK(message([] { VP(0.1, 20.0, 1.0); }) == "VP: t_end must lie in (0, 1), got 1");
}

TEST_CASE("vp: its formula shows its numbers") {
    CHECK(VP().formula() == "log alpha(t) = -19.9 t^2 / 4 - 0.1 t / 2, sigma(t)^2 = 1 - alpha(t)^2, 0 <= t <= 1");
}

#include <buffon/diffusion/sde_steps.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace buffon::diffusion;

TEST_CASE("sde steps: drift and diffusion are those of the schedules in closed form") {
    const VP vp;
    for (const double t : {1e-3, 0.02, 0.5, 1.0}) {
        const Rates at = rates(vp, t);
        CHECK(at.f == doctest::Approx(-(0.1 + 19.9 * t) / 2).epsilon(1e-9));
        CHECK(at.g_squared == doctest::Approx(0.1 + 19.9 * t).epsilon(1e-9));
    }
    const VE ve;
    for (const double t : {0.0, 1e-6, 0.1, 1.0}) {
        CHECK(rates(ve, t).f == 0.0);
        CHECK(std::abs(rates(ve, t).g_squared / (2 * std::pow(ve.sigma(t), 2) * std::log(5000.0)) - 1) <
              (t < 1e-3 ? 1e-5 : 1e-9));
    }
    for (const double t : {0.01, 80.0}) CHECK(rates(EDM(), t).g_squared == doctest::Approx(2 * t).epsilon(1e-9));
}

TEST_CASE("sde steps: a step of x keeps the sum of weights where alpha is constant") {
    const Nodes edm = nodes(EDM(), {.steps = 3}), vp = nodes(VP(), {.steps = 3});
    CHECK(promise_of_steps(edm) == Promise::weights);
    CHECK(promise_of_steps(vp) == Promise::nothing);
    const Combination x = Recorder::start(), D{{{2, 1.0}}}, next = step_of_x(vp, 1, 0.9, 0.4, x, D);
    // (0.9 alpha v - 0.4 (x - alpha D) / sigma^2) / alpha'
    const double alpha = vp.alpha[1], sigma = alpha * vp.rho[1];
    CHECK(next.weights.at(2) == doctest::Approx(0.4 * alpha / (sigma * sigma) / vp.alpha[2]).epsilon(1e-13));
    CHECK(next.weights.at(0) == doctest::Approx((0.9 * alpha - 0.4 * alpha / (sigma * sigma)) / vp.alpha[2]).epsilon(1e-13));
}

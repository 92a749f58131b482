#include <buffon/diffusion/noise_prediction.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace buffon::diffusion;

TEST_CASE("noise prediction: Adams-Bashforth of order p integrates polynomials of degree p - 1 over the next unit step") {
    for (int order = 1; order <= 4; ++order)
        for (int degree = 0; degree < order; ++degree) {
            std::vector<Combination> e;
            for (int k = 0; k < 5; ++k) e.push_back({{{k + 2, 1.0}}});   // values at times -4 ... 0
            double integral = 0.0;
            for (const auto& [value, weight] : adams_bashforth(e, order).weights)
                integral += weight * std::pow(value - 6, degree);
            CHECK(integral == doctest::Approx(1.0 / (degree + 1)).epsilon(1e-14));
        }
}

TEST_CASE("noise prediction: (x - D) / rho, at one evaluation") {
    Recorder r;
    const Combination e = noise_of(r, Recorder::start(), 4.0);
    CHECK(e.weights.at(0) == 0.25);
    CHECK(e.weights.at(2) == -0.25);
    CHECK(r.seal().evaluations() == 1);
}

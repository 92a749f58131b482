#include <buffon/diffusion/solvers/annealed_langevin.hpp>

#include <buffon/diffusion/gaussian_law.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("annealed_langevin: many steps at one level reach the stationary law of the linear recursion, and its denoised mean") {
    // data N(1.2, 0.3^2) at level rho: x - 1.2 shrinks by a = 1 - c rho^2 / (0.09 + rho^2) each step and gains variance 2 c rho^2
    for (const double rho : {0.1, 0.5, 3.0}) {
        const double c = 0.1, g = 0.09 / (0.09 + rho * rho), a = 1 - c * (1 - g), stationary = 2 * c * rho * rho / (1 - a * a);
        const Table table = annealed_langevin(EDM(), {.steps = 1, .to_zero = true, .t_start = rho}, {.each = 4000, .step = c});
        const auto result = result_on_gaussian(table, 1.2, 0.3);
        CHECK(result.variance() == doctest::Approx(g * g * stationary).epsilon(1e-10));
        CHECK(result.constant == doctest::Approx(1.2).epsilon(1e-10));
        // the exact law N(1.2, 0.09 + rho^2) as c -> 0: the excess is c (1 - g) / 2 of it
        CHECK(stationary / (0.09 + rho * rho) == doctest::Approx(1 / (1 - c * (1 - g) / 2)).epsilon(1e-10));
    }
}

TEST_CASE("annealed_langevin: evaluations are those of its sweeps, and one to sigma = 0") {
    for (const std::int64_t steps : {1, 2, 5})
        for (const std::int64_t each : {1, 2, 5}) {
            CHECK(annealed_langevin(VE(), {.steps = steps, .to_zero = true}, {.each = each}).evaluations() == steps * each + 1);
            CHECK(annealed_langevin(VE(), {.steps = steps}, {.each = each}).evaluations() == (steps + 1) * each);
        }
    const Table table = annealed_langevin(EDM(), {.steps = 2, .to_zero = true, .t_start = 0.2}, {.each = 3, .step = 0.05});
    CHECK(table.rows[1].noise == doctest::Approx(0.2 * std::sqrt(0.1)));
    CHECK(table.rows[1].terms[0].weight == doctest::Approx(0.95));
    CHECK(table.rows[7].noise ==
          doctest::Approx(table.nodes.rho[1] * std::sqrt(0.1)));   // the second sweep is at the second level
    CHECK(table.rows.back().noise == 0.0);
}

TEST_CASE("annealed_langevin: options outside their range are refused") {
    CHECK_THROWS_AS(annealed_langevin(VE(), {.steps = 2}, {.each = 0}), std::invalid_argument);
    CHECK_THROWS_AS(annealed_langevin(VE(), {.steps = 2}, {.step = 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(annealed_langevin(VE(), {.steps = 2}, {.step = 1.0}), std::invalid_argument);
}

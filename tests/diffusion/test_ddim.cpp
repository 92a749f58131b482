#include <buffon/diffusion/solvers/ddim.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace buffon::diffusion;

namespace {

double relative(double a, double b) { return std::abs(a / b - 1); }

}  // namespace

TEST_CASE("ddim: eta = 0 interpolates between state and data, eta = 1 has the posterior's mean and variance") {
    // in x / alpha the posterior of level t, given x0 and the state of level s, has mean (t/s)^2 x + (1 - (t/s)^2) x0
    // and variance t^2 (1 - (t/s)^2)
    const Schedule schedule = VP();
    const Table plain = ddim(schedule, {.steps = 4}), random = ddim(schedule, {.steps = 4}, {.eta = 1});
    for (std::size_t step = 0; step < 4; ++step) {
        const double ratio = plain.nodes.rho[step + 1] / plain.nodes.rho[step], square = ratio * ratio;
        const Row &row = plain.rows[2 * step + 1], &noisy = random.rows[2 * step + 1];
        CHECK(row.noise == 0);
        CHECK(relative(row.terms[0].weight, ratio) < 1e-14);
        CHECK(relative(row.terms[1].weight, 1 - ratio) < 1e-14);
        if (step == 3) {   // the last step adds none
            CHECK(noisy.noise == 0);
            continue;
        }
        CHECK(relative(noisy.noise, plain.nodes.rho[step + 1] * std::sqrt(1 - square)) < 1e-13);
        CHECK(relative(noisy.terms[0].weight, square) < 1e-13);
        CHECK(relative(noisy.terms[1].weight, 1 - square) < 1e-13);
    }
    CHECK_THROWS_AS((void)ddim(schedule, {.steps = 4}, {.eta = -0.1}), std::invalid_argument);
    CHECK_THROWS_AS((void)ddim(schedule, {.steps = 4}, {.eta = 10}), std::invalid_argument);
}

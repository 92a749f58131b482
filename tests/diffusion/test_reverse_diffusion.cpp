#include <buffon/diffusion/solvers/reverse_diffusion.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;

TEST_CASE("reverse_diffusion: on VP one step is (2 - sqrt(1 - beta)) x + beta score + sqrt(beta) xi") {
    const Table table = reverse_diffusion(VP(), {.steps = 3});
    const double ratio = table.nodes.alpha[0] / table.nodes.alpha[1], beta = 1 - ratio * ratio;
    const double alpha = table.nodes.alpha[0], sigma = alpha * table.nodes.rho[0], next = table.nodes.alpha[1];
    const Row& row = table.rows[1];
    CHECK(row.terms[0].weight == doctest::Approx(alpha / next * (2 - std::sqrt(1 - beta) - beta / (sigma * sigma))).epsilon(1e-10));
    CHECK(row.terms[1].weight == doctest::Approx(beta * alpha / (sigma * sigma) / next).epsilon(1e-12));
    CHECK(row.noise == doctest::Approx(std::sqrt(beta) / next).epsilon(1e-12));
    CHECK(table.rows.back().noise == 0.0);
}

TEST_CASE("reverse_diffusion: of weak order 1 from the noise end and from the middle") {
    CHECK(problems::observed_order([](std::int64_t n) { return reverse_diffusion(EDM(), {.steps = n}); }, 320) > 0.75);
    CHECK(problems::observed_order([](std::int64_t n) { return reverse_diffusion(VP(), {.steps = n}); }, 640) > 0.75);
    CHECK(problems::observed_order([](std::int64_t n) { return reverse_diffusion(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}); }, 320) > 0.75);
}

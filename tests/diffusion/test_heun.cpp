#include <buffon/diffusion/solvers/heun.hpp>

#include <doctest/doctest.h>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("heun: two evaluations a step, one in a step to sigma = 0") {
    CHECK(heun(EDM(), {.steps = 18}).evaluations() == 36);
    CHECK(heun(EDM(), {.steps = 18, .grid = GridKind::rho, .to_zero = true}).evaluations() == 35);
}

TEST_CASE("heun: of order 2 from the noise end and from the middle") {
    CHECK(problems::observed_order([](std::int64_t n) { return heun(VP(), {.steps = n}); }, 160) > 1.75);
    CHECK(problems::observed_order(
              [](std::int64_t n) { return heun(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}); }, 160) > 1.75);
}

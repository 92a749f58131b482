#include <buffon/diffusion/solvers/probability_flow.hpp>

#include <doctest/doctest.h>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("probability_flow: one step of a variance-exploding schedule is x + (s^2 - t^2) score / 2") {
    const Table table = probability_flow(VE(), {.steps = 1, .t_end = 0.9});
    const Matrix x = problems::starts(6, 2);
    Matrix score(6, 2);
    const double s = table.nodes.rho[0], t = table.nodes.rho[1];
    problems::g2().score(x, std::vector<double>{s}, score);
    const Matrix next = problems::solve(problems::g2(), table, x);
    for (std::size_t k = 0; k < x.data.size(); ++k)
        CHECK(next.data[k] == doctest::Approx(x.data[k] + (s * s - t * t) / 2 * score.data[k]).epsilon(1e-11).scale(1));
    CHECK(table.promise == Promise::weights);
}

TEST_CASE("probability_flow: of order 1 from the noise end and from the middle, on schedules that explode and that preserve") {
    CHECK(problems::observed_order([](std::int64_t n) { return probability_flow(EDM(), {.steps = n}); }, 320) > 0.75);
    CHECK(problems::observed_order([](std::int64_t n) { return probability_flow(VP(), {.steps = n}); }, 640) > 0.75);
    CHECK(problems::observed_order(
              [](std::int64_t n) { return probability_flow(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}); }, 320) >
          0.75);
}

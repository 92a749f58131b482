#include <buffon/diffusion/solvers/fpndm.hpp>

#include <buffon/diffusion/solvers/pndm.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

/// Equal steps in the noise level itself, from 0.8 to 0.05.
Table uniform(std::int64_t steps, Warmup warmup) {
    const VP schedule;
    std::vector<double> times;
    for (std::int64_t i = 0; i <= steps; ++i)
        times.push_back(schedule.t_of_lambda(-std::log(0.8 - 0.75 * static_cast<double>(i) / static_cast<double>(steps))));
    return fpndm(schedule, {.grid = times}, {.warmup = warmup});
}

}  // namespace

TEST_CASE("fpndm: nine evaluations more than steps, none with the multistep warm-up") {
    CHECK(fpndm(VP(), {.steps = 10}).evaluations() == 19);
    CHECK(fpndm(VP(), {.steps = 10}, {.warmup = Warmup::multistep}).evaluations() == 10);
    CHECK(fpndm(VP(), {.steps = 2}).evaluations() == 8);
    CHECK(fpndm(VP(), {.steps = 2, .to_zero = true}).evaluations() == 5);
}

TEST_CASE("fpndm: of order 2 on any grid from both ends, of order 4 on equal steps in the noise level") {
    for (const Warmup warmup : {Warmup::runge_kutta, Warmup::multistep}) {
        CHECK(problems::observed_order([&](std::int64_t n) { return fpndm(VP(), {.steps = n}, {.warmup = warmup}); },
                                       160) > 1.75);
        CHECK(problems::observed_order(
                  [&](std::int64_t n) {
                      return fpndm(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}, {.warmup = warmup});
                  },
                  320) > 1.75);
    }
    const double high = problems::observed_order([](std::int64_t n) { return uniform(n, Warmup::runge_kutta); }, 320);
    CHECK(high > 3.6);
    const double low = problems::observed_order([](std::int64_t n) { return uniform(n, Warmup::multistep); },
                                                320);   // starts with order 1
    CHECK(low == doctest::Approx(2.0).epsilon(0.05));
}

TEST_CASE("fpndm: its first two steps with the multistep warm-up are those of pndm") {
    const Grid grid{.steps = 2};
    const Matrix x = problems::starts(10, 2);
    const PndmOptions options{.warmup = Warmup::multistep};
    CHECK(problems::solve(problems::g2(), fpndm(VP(), grid, options), x).data ==
          problems::solve(problems::g2(), pndm(VP(), grid, options), x).data);
}

#include <buffon/diffusion/solvers/euler.hpp>

#include <buffon/diffusion/solvers/ddim.hpp>

#include <doctest/doctest.h>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("euler: without churn it is DDIM, on every schedule") {
    for (const Schedule& schedule : {Schedule(VP()), Schedule(VE()), Schedule(EDM())}) {
        const Matrix x = problems::starts(16, 16), a = problems::solve(problems::g16(), euler(schedule, {.steps = 11}), x),
                     b = problems::solve(problems::g16(), ddim(schedule, {.steps = 11}), x);
        for (std::size_t i = 0; i < a.data.size(); ++i) CHECK(a.data[i] == doctest::Approx(b.data[i]).epsilon(1e-9).scale(1));
    }
}

TEST_CASE("euler: of order 1 from the noise end and from the middle") {
    CHECK(problems::observed_order([](std::int64_t n) { return euler(VP(), {.steps = n}); }, 160) > 0.75);
    CHECK(problems::observed_order(
              [](std::int64_t n) { return euler(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}); }, 160) > 0.75);
}

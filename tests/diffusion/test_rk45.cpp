#include <buffon/diffusion/solvers/rk45.hpp>

#include <doctest/doctest.h>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("rk45: follows the exact flow of Gaussian data to its tolerance, on every schedule") {
    for (const Schedule& schedule : {Schedule(VP()), Schedule(VE()), Schedule(EDM())}) {
        const Matrix z = problems::starts(64, 1);
        Matrix x = z;
        for (double& v : x.data) v *= schedule.prior_scale();
        const double t = schedule.t_start(), t_end = schedule.t_end();
        double last = 1.0;
        for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
            const Matrix solved = problems::solve(problems::g1(), rk45(schedule, {}, {.rtol = tolerance, .atol = tolerance}), x);
            const double error = problems::rms_error(solved, problems::flow_of_g1(schedule, x, t, t_end));
            CAPTURE(schedule.formula());
            CHECK(error < 100 * tolerance);
            CHECK(error < 0.2 * last);
            last = error;
        }
    }
}

TEST_CASE("rk45: the modes of a mixture are reached as by 10,000 steps of Runge-Kutta") {
    const Matrix x = problems::starts(64, 16);
    const Matrix solved = problems::solve(problems::g16(), rk45(VP(), {}), x);
    CHECK(problems::median_error(solved, problems::flow(problems::g16(), VP(), x, 1.0, 1e-3, 4000)) < 2e-4);
}

TEST_CASE("rk45: bad tolerances and a step to sigma = 0 are refused") {
    CHECK_THROWS_AS((void)rk45(VP(), {}, {.rtol = 0.0}), std::invalid_argument);
    CHECK_THROWS_AS((void)rk45(VP(), {.to_zero = true}), std::invalid_argument);
}

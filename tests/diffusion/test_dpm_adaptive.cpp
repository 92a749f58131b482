#include <buffon/diffusion/solvers/dpm_adaptive.hpp>

#include <doctest/doctest.h>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("dpm_adaptive: errors fall with the tolerances, in fewer evaluations at the higher order") {
    const Matrix x = problems::starts(64, 2), exact = problems::flow(problems::g2(), VP(), x, 1.0, 1e-3, 4000);
    for (const int order : {2, 3}) {
        double last = 1.0;
        for (const double rtol : {0.05, 0.005, 0.0005}) {
            const Table table = dpm_adaptive(VP(), {}, {.order = order, .rtol = rtol, .atol = rtol / 6});
            const double error = problems::median_error(problems::solve(problems::g2(), table, x), exact);
            CHECK(error < rtol);
            CHECK(error < 0.5 * last);
            last = error;
        }
    }
    SampleOptions options;
    options.x = x;
    const auto spent = [&](int order) {
        return sample(problems::g2(), dpm_adaptive(VP(), {}, {.order = order, .rtol = 5e-4, .atol = 1e-4}), options)
            .evaluations();
    };
    CHECK(spent(3) < spent(2));
}

TEST_CASE("dpm_adaptive: options that cannot be are refused") {
    CHECK_THROWS_AS((void)dpm_adaptive(VP(), {}, {.order = 1}), std::invalid_argument);
    CHECK_THROWS_AS((void)dpm_adaptive(VP(), {}, {.first_step = 0.0}), std::invalid_argument);
}

#include <buffon/diffusion/solvers/ddpm.hpp>

#include <buffon/diffusion/gaussian_law.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("ddpm: the posterior's variance is DDIM with eta = 1, sample by sample") {
    SampleOptions options;
    options.n = 20;
    options.rng = 4;
    const Grid grid{.steps = 12};
    const Matrix a = sample(problems::g2(), ddpm(VP(), grid), options).x,
                 b = sample(problems::g2(), ddim(VP(), grid, {.eta = 1.0}), options).x;
    for (std::size_t i = 0; i < a.data.size(); ++i) CHECK(a.data[i] == doctest::Approx(b.data[i]).epsilon(1e-11));
}

TEST_CASE("ddpm: the large variance is the forward chain's beta, with the posterior's mean") {
    const VP schedule;
    const Table table = ddpm(schedule, {.steps = 4}, {.variance = StepVariance::large}), posterior = ddpm(schedule, {.steps = 4});
    for (std::size_t k = 1; k < 7; k += 2) {
        const auto i = static_cast<std::size_t>(table.rows[k].node) - 1;
        const double ratio = table.nodes.alpha[i] / table.nodes.alpha[i + 1];
        // noise of x itself: alpha times that of x / alpha
        CHECK(table.rows[k].noise * table.nodes.alpha[i + 1] == doctest::Approx(std::sqrt(1 - ratio * ratio)).epsilon(1e-12));
        CHECK(table.rows[k].terms[0].weight == posterior.rows[k].terms[0].weight);
    }
    CHECK(table.rows.back().noise == 0.0);
    CHECK(table.promise == Promise::weights);
    CHECK(table.violation() < 1e-14);
    CHECK(posterior.violation() < 1e-14);
}

TEST_CASE("ddpm: of weak order 1 from the noise end and from the middle, with either variance") {
    for (const StepVariance variance : {StepVariance::posterior, StepVariance::large}) {
        CHECK(problems::observed_order([&](std::int64_t n) { return ddpm(VP(), {.steps = n}, {.variance = variance}); },
                                       160) > 0.75);
        CHECK(problems::observed_order(
                  [&](std::int64_t n) {
                      return ddpm(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}, {.variance = variance});
                  },
                  160) > 0.75);
    }
}

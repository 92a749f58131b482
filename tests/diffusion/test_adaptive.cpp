#include <buffon/diffusion/adaptive.hpp>

#include <buffon/diffusion/solvers/dpm_adaptive.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;
using buffon::View;

namespace {

std::vector<Table> tables(Norms norms) {
    return {rk45(VP(), {}, {.rtol = 1e-4, .atol = 1e-4, .norms = norms}),
            dpm_adaptive(VP(), {}, {.order = 2, .norms = norms}), dpm_adaptive(VP(), {}, {.norms = norms})};
}

}  // namespace

TEST_CASE("adaptive: a trial's weights pass pure noise and constant data exactly, at any step") {
    for (const Table& table : tables(Norms::sample)) {
        const Adaptive& rule = *table.adaptive;
        if (table.name != "dpm_adaptive") continue;   // Runge-Kutta in time has the levels to its order only
        const StepTrial trial = rule.trial(-1.0, 0.4);
        for (std::size_t k = 1; k <= static_cast<std::size_t>(rule.values); ++k) {
            double weights = 0.0, level = 0.0;
            for (std::size_t m = 0; m < k; ++m) {
                weights += trial.x[k][m] + trial.D[k][m];
                level += trial.x[k][m] * trial.level[m];
            }
            CHECK(weights == doctest::Approx(1.0).epsilon(1e-14));
            CHECK(level == doctest::Approx(trial.level[k]).epsilon(1e-13));
        }
    }
}

TEST_CASE(
    "adaptive: with norms of its own a sample is the same alone, in any batch, on any threads; with those of the batch "
    "not") {
    for (const Norms norms : {Norms::sample, Norms::batch})
        for (const Table& table : tables(norms)) {
            SampleOptions options;
            options.n = 60;
            options.rng = 3;
            const Matrix all = sample(problems::g2(), table, options).x;
            INFO(table.text());
            options.n = 2;
            const Matrix few = sample(problems::g2(), table, options).x;
            bool same = true;
            for (std::size_t k = 0; k < 4; ++k) same = same && few.data[k] == all.data[k];
            CHECK(same == (norms == Norms::sample));
            CHECK(table.pooled() == (norms == Norms::batch));
            if (norms == Norms::batch) continue;
            options.n = 60;
            options.batch = 7;
            options.threads = 2;
            CHECK(sample(problems::g2(), table, options).x.data == all.data);
        }
}

TEST_CASE("adaptive: evaluations are counted one by one") {
    std::atomic<std::int64_t> asked{0};
    const GaussianMixture exact = problems::g2();
    const Denoiser counting(2, [&](const Query& query, View out) {
        asked += query.x.rows;
        exact.denoise(query.x, query.sigma, out, 1);
    });
    for (const Norms norms : {Norms::sample, Norms::batch})
        for (const Table& table : tables(norms)) {
            asked = 0;
            SampleOptions options;
            options.n = 33;
            options.rng = 1;
            CHECK(sample(counting, table, options).evaluations() == asked);
            CHECK(asked > 33 * 5);
        }
}

TEST_CASE("adaptive: steps end at the nodes of a grid, are recorded there, start at any level and run back") {
    const Schedule schedule = EDM();
    const Table table = rk45(schedule, {.steps = 3}, {.rtol = 1e-7, .atol = 1e-7});
    const Matrix z = problems::starts(8, 1);
    SampleOptions options;
    options.x = z;
    for (double& v : options.x->data) v *= 80;
    options.record = 1;
    const Draws draws = sample(problems::g1(), table, options);
    CHECK(draws.trajectory.size() == 3);
    for (std::size_t k = 0; k < 3; ++k)
        CHECK(problems::rms_error(draws.trajectory[k], problems::flow_of_g1(schedule, *options.x, 80.0, draws.times[k])) < 1e-4);
    SampleOptions levels;
    levels.x = z;
    levels.level = std::vector<double>{1, 2, 1, 2, 5, 5, 1, 2};
    const Matrix mixed = sample(problems::g1(), table, levels).x;
    for (std::int64_t i = 0; i < 8; ++i) {
        const Matrix one(1, 1, z(i, 0));
        CHECK(mixed(i, 0) == problems::solve(problems::g1(),
                                             table.from_level(levels.level.values[static_cast<std::size_t>(i)]),
                                             one)(0, 0));
    }
    for (const Table& each : tables(Norms::sample)) {
        SampleOptions back;
        back.x = problems::flow(problems::g1(), VP(), z, 1.0, 1e-3, 2000);
        const Matrix noise = invert(problems::g1(), each, back).x;
        CHECK(problems::rms_error(problems::solve(problems::g1(), each, noise), *back.x) <
              0.1);   // dpm_adaptive's default tolerance is loose
    }
}

TEST_CASE("adaptive: a denoiser that is not finite ends the run with the solver's name") {
    const Denoiser bad(1, [](const Query&, View out) {
        for (std::int64_t i = 0; i < out.rows; ++i) out(i, 0) = std::numeric_limits<double>::quiet_NaN();
    });
    SampleOptions options;
    options.n = 2;
    options.rng = 1;
    CHECK_THROWS_WITH_AS((void)sample(bad, rk45(VP(), {}), options),
                         "rk45: the step fell to nothing; is the denoiser finite?", std::runtime_error);
}

/// Solvers that are one method under several names, and solvers that meet in a limit.
#include <buffon/diffusion/guided.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/deis.hpp>
#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/dpm_v3.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/euler.hpp>
#include <buffon/diffusion/solvers/heun.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;
using buffon::View;

namespace {

double difference(const Matrix& a, const Matrix& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
    return largest;
}

}  // namespace

TEST_CASE("identities: Euler's method on x / alpha is DDIM; Heun's is the Runge-Kutta method in the noise level") {
    const GaussianMixture model = problems::g16();
    const Matrix x = problems::starts(20, 16);
    for (const Schedule& schedule : {Schedule(VP()), Schedule(Cosine())}) {
        const Grid grid{.steps = 15};
        CHECK(difference(problems::solve(model, euler(schedule, grid), x),
                         problems::solve(model, ddim(schedule, grid), x)) < 3e-14);
        const Table stages = deis(schedule, grid, {.method = DeisMethod::rhork, .tableau = TableauName::heun});
        CHECK(difference(problems::solve(model, heun(schedule, grid), x), problems::solve(model, stages, x)) < 8e-15);
    }
}

TEST_CASE("identities: UniPC's predictors are DPM-Solver's multistep rows") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(64, 2);
    for (const auto& [prediction, maker] : {std::pair{Prediction::data, &dpmpp}, std::pair{Prediction::noise, &dpm}}) {
        const auto apart = [&](int order, UnipcVariant variant, SecondOrder second) {
            const Table a = unipc(VP(), {.steps = 15},
                                  {.order = order,
                                   .variant = variant,
                                   .prediction = prediction,
                                   .corrector = false,
                                   .lower_order_final = false});
            const Table b = maker(VP(), {.steps = 15}, {.order = order, .second = second, .lower_order_final = false});
            return difference(problems::solve(model, a, x), problems::solve(model, b, x));
        };
        CHECK(apart(2, UnipcVariant::bh2, SecondOrder::midpoint) < 1e-14);
        CHECK(apart(2, UnipcVariant::exact, SecondOrder::taylor) < 1e-14);
        CHECK(apart(3, UnipcVariant::bh2, SecondOrder::midpoint) < 1e-14);
        CHECK(apart(2, UnipcVariant::bh1, SecondOrder::midpoint) > 1e-3);
    }
}

TEST_CASE("identities: DPM-Solver-v3 with constant statistics is the third order in data or noise, up to its trapezoidal sums") {
    struct Known {
        std::int64_t steps;
        int nodes;
        double data, noise;   // largest differences of 64 points
    };
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(64, 2);
    const Schedule schedule = VP();
    const double first = schedule.lambda(1), last = schedule.lambda(1e-3);
    for (const Known& known : {Known{10, 320, 2.2e-3, 7.4e-3}, Known{10, 1280, 1.3e-4, 4.6e-4}, Known{10, 5120, 8e-6, 2.8e-5},
                               Known{20, 320, 8e-4, 3.7e-3}, Known{20, 1280, 5e-5, 2.3e-4}, Known{20, 5120, 3e-6, 1.5e-5}}) {
        const Grid grid{.steps = known.steps};
        const DpmOptions exact{.order = 3, .second = SecondOrder::taylor, .lower_order_final = false};
        const auto apart = [&](const Table& limit, double l, double s) {
            DpmV3Options options{.corrector = V3Corrector::none, .lower_order_final = false};
            options.statistics = Ems::constant(first, last, l, s, 0, known.nodes);
            return difference(problems::solve(model, dpm_v3(schedule, grid, options), x), problems::solve(model, limit, x));
        };
        CAPTURE(known.steps);
        CAPTURE(known.nodes);
        CHECK(std::abs(apart(dpmpp(schedule, grid, exact), 1, 0) / known.data - 1) < 0.06);   // one or two digits are known
        CHECK(std::abs(apart(dpm(schedule, grid, exact), 0, -1) / known.noise - 1) < 0.06);
    }
}

TEST_CASE("identities: guidance of the noise is guidance of the data") {
    const GaussianMixture base = problems::g2();
    const GaussianMixture model(base.weights(), base.means(), base.covariances(), {0, 1, 0, 1, 1});
    const Denoiser exact = model;
    const double scale = 4.0;
    const Denoiser by_noise(2, [&](const Query& query, View out) {   // eps_u + w (eps_c - eps_u), and back to data
        Matrix with(out.rows, 2), without(out.rows, 2);
        exact.denoise(query, with);
        exact.denoise({query.x, query.sigma, {}, query.threads}, without);
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::int64_t j = 0; j < 2; ++j) {
                const double sigma = query.sigma[query.sigma.size() == 1 ? 0 : static_cast<std::size_t>(i)], x = query.x(i, j);
                const double u = (x - without(i, j)) / sigma, c = (x - with(i, j)) / sigma;
                out(i, j) = x - sigma * (u + scale * (c - u));
            }
    }, {.name = "by noise", .classes = 2});
    SampleOptions options;
    options.x = problems::starts(40, 2);
    options.condition = std::vector<std::int64_t>{1};
    const Table table = dpmpp(VP(), {.steps = 10});
    CHECK(difference(sample(by_noise, table, options).x, sample(guided(exact, scale), table, options).x) < 1e-12);
}

TEST_CASE("identities: samples keep their bits when their starts change places") {
    const Matrix x = problems::starts(65, 2);
    Matrix turned = x;
    for (std::int64_t i = 0; i < 65; ++i)
        std::copy_n(&x.data[static_cast<std::size_t>(2 * (64 - i))], 2, &turned.data[static_cast<std::size_t>(2 * i)]);
    const Table table = unipc(VP(), {.steps = 7}, {.order = 3});
    const Matrix a = problems::solve(problems::g2(), table, x), b = problems::solve(problems::g2(), table, turned);
    for (std::int64_t i = 0; i < 65; ++i)
        for (std::int64_t j = 0; j < 2; ++j) CHECK(a(i, j) == b(64 - i, j));
}

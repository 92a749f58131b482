#include <buffon/diffusion/solvers/dc.hpp>

#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"
#include "declared_orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

double difference(const Matrix& a, const Matrix& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
    return largest;
}

std::vector<double> some_ratios(std::size_t steps) {
    std::vector<double> ratios(steps, 1.0);
    for (std::size_t i = 2; i < steps; ++i) ratios[i] = 1 + 0.4 * std::sin(static_cast<double>(i));
    return ratios;
}

/// The method as the paper has it, in the schedule's coordinates, with the history that is overwritten in place.
Matrix by_hand(const GaussianMixture& model, const Schedule& schedule, const Nodes& n,
               const std::vector<double>& ratios, Matrix x) {
    const auto denoised = [&](const Matrix& at, std::size_t i) {
        Matrix v = at, out(at.rows, at.cols);
        for (double& number : v.data) number /= n.alpha[i];
        const double rho[] = {n.rho[i]};
        model.denoise(v, rho, out);
        return out;
    };
    std::vector<Matrix> m;   // newest last
    Matrix before;           // the state from which the last step went
    const std::size_t N = n.steps();
    int last_order = 0;
    for (std::size_t i = 0; i < N; ++i) {
        const double a0 = n.alpha[i];
        const Matrix fresh = denoised(x, i);
        if (i >= 2) {   // bh2 corrector from i - 1 to i, with weights 1/2 (one difference) or from both differences
            const double h = n.lambda[i] - n.lambda[i - 1], s1 = schedule.sigma(n.t[i]),
                         s0 = schedule.sigma(n.t[i - 1]), e = std::expm1(-h);
            const Matrix &m0 = m[i - 1];
            for (std::size_t k = 0; k < x.data.size(); ++k) {
                const double d1 = fresh.data[k] - m0.data[k];
                double sum = d1 / 2;
                if (last_order == 2) {   // solve for weights of (1, r)
                    const double r = (n.lambda[i - 2] - n.lambda[i - 1]) / h, dr = (m[i - 2].data[k] - m0.data[k]) / r;
                    const double p1 = (std::expm1(-h) / -h - 1), b1 = p1 / e, p2 = (p1 / -h - 0.5),
                                 b2 = 2 * p2 / e;   // of phi(-h)
                    const double w = (b2 - b1) / (r - 1);
                    sum = (b1 - w) * d1 + w * dr;
                }
                x.data[k] = s1 / s0 * before.data[k] - a0 * e * (m0.data[k] + sum);
            }
        }
        m.push_back(fresh);
        if (i >= 2 && ratios[i] != 1) {
            const double t0 = n.t[i], t1 = n.t[i - 1], t2 = n.t[i - 2], t = t1 + ratios[i] * (t0 - t1);
            const double l0 = (t - t1) * (t - t2) / ((t0 - t1) * (t0 - t2)), l1 = (t - t0) * (t - t2) / ((t1 - t0) * (t1 - t2)),
                         l2 = (t - t0) * (t - t1) / ((t2 - t0) * (t2 - t1));
            for (std::size_t k = 0; k < x.data.size(); ++k)
                m[i].data[k] = l0 * fresh.data[k] + l1 * m[i - 1].data[k] + l2 * m[i - 2].data[k];
        }
        before = x;
        last_order = static_cast<int>(std::min({std::size_t{2}, i + 1, N - i}));
        const double h = n.lambda[i + 1] - n.lambda[i], s1 = schedule.sigma(n.t[i + 1]), s0 = schedule.sigma(n.t[i]),
                     e = std::expm1(-h);
        for (std::size_t k = 0; k < x.data.size(); ++k) {
            double mean = m[i].data[k];
            if (last_order == 2) mean += (m[i].data[k] - m[i - 1].data[k]) * h / (n.lambda[i] - n.lambda[i - 1]) / 2;
            x.data[k] = s1 / s0 * x.data[k] - n.alpha[i + 1] * e * mean;
        }
    }
    return x;
}

}  // namespace

TEST_CASE("dc: with ratios it is the published recursion, whose history is overwritten in place") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(64, 2);
    for (const Schedule& schedule : {Schedule(VP()), Schedule(Discrete::scaled_linear())})
        for (const GridKind kind : {GridKind::time, GridKind::logsnr})
            for (const std::int64_t steps : {5, 8, 10})
                for (const auto& ratios : {std::vector(static_cast<std::size_t>(steps), 1.0),
                                           some_ratios(static_cast<std::size_t>(steps))}) {
                    const Table table = dc(schedule, {.steps = steps, .grid = kind}, {.ratios = ratios});
                    CAPTURE(table.text());
                    CHECK(difference(problems::solve(model, table, x), by_hand(model, schedule, table.nodes, ratios, x)) < 2e-12);
                }
}

TEST_CASE("dc: with all ratios 1 it is UniPC whose first step is not corrected, or DPM-Solver++ without its corrector") {
    for (const int order : {1, 2, 3}) {
        const Table plain = dc(VP(), {.steps = 12}, {.order = order}),
                    alone = dc(VP(), {.steps = 12}, {.order = order, .corrector = false});
        CHECK(plain.formula() == unipc(VP(), {.steps = 12}, {.order = order, .uncorrected = {1}}).formula());
        CHECK(alone.formula() == unipc(VP(), {.steps = 12}, {.order = order, .corrector = false}).formula());
        CHECK(dc(VP(), {.steps = 12}, {.ratios = std::vector(12, 1.0), .order = order}).formula() == plain.formula());
    }
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(40, 2);
    CHECK(difference(problems::solve(model, dc(VP(), {.steps = 9}, {.corrector = false}), x),
                     problems::solve(model, dpmpp(VP(), {.steps = 9}), x)) < 1e-13);
}

TEST_CASE("dc: a ratio costs one mix of outputs and no evaluation; promises hold on every grid, to sigma = 0 too") {
    for (const GridKind kind : {GridKind::time, GridKind::logsnr, GridKind::rho})
        for (const bool to_zero : {false, true})
            for (const bool corrector : {false, true})
                for (const std::size_t steps : {3, 5, 10, 20}) {
                    const Table table = dc(VP(), {.steps = static_cast<std::int64_t>(steps), .grid = kind, .to_zero = to_zero},
                                           {.ratios = some_ratios(steps), .corrector = corrector});
                    CAPTURE(table.text());
                    CHECK(table.violation() <= 1e-13);
                    CHECK(table.evaluations() == static_cast<std::int64_t>(steps));
                    CHECK(table.rows.size() == 2 * steps + (steps - 2) + (corrector ? steps - 2 : 0));
                }
}

TEST_CASE("dc: outputs that are a polynomial in the time are compensated to that polynomial, at the ratio's time") {
    // D = t^2 whatever x is: the mix at step 2 is then the polynomial itself.
    const Schedule schedule = VP();
    const Denoiser model(1, [&](const Query& query, buffon::View out) {
        const double t = schedule.t_of_lambda(-std::log(query.sigma[0]));
        std::fill_n(out.data, out.size(), t * t);
    });
    const auto end = [&](double ratio) {
        const Table table = dc(schedule, {.steps = 3, .grid = GridKind::time}, {.ratios = {1, 1, ratio}, .corrector = false});
        return std::pair{problems::solve(model, table, Matrix(1, 1, 0.5))(0, 0), table.nodes};
    };
    const auto [plain, n] = end(1.0);
    for (const double ratio : {0.3, 0.8, 1.7}) {
        const double t = n.t[1] + ratio * (n.t[2] - n.t[1]), moved = t * t - n.t[2] * n.t[2];
        const double weight = -n.alpha[3] * std::expm1(n.lambda[2] - n.lambda[3]);   // the last step has order 1
        CHECK(end(ratio).first - plain == doctest::Approx(weight * moved).epsilon(1e-10));
    }
}

TEST_CASE("dc: declared orders are reached, where ratios are 1") {
    for (const bool corrector : {false, true})
        for (const int order : {1, 2, 3})
            problems::check_declared_orders([&](const Schedule& schedule, const Grid& grid) {
                return dc(schedule, grid, {.order = order, .corrector = corrector, .lower_order_final = false});
            });
    CHECK(dc(VP(), {.steps = 3}, {.ratios = {1, 1, 1.1}}).orders.from_noise == 1);
}

TEST_CASE("dc: a table from another level has the same ratios") {
    const Table table = dc(EDM(), {.steps = 4}, {.ratios = some_ratios(4)}), from = table.from_level(5.0);
    CHECK(from.options == table.options);
    CHECK(from.rows.size() == table.rows.size());
}

TEST_CASE("dc: a refusal names the option, the value and the requirement") {
    CHECK(message([] { dc(VP(), {.steps = 4}, {.ratios = {1, 1, 1}}); }) ==
          "dc: ratios must hold one number per step (4), got 3");
    CHECK(message([] { dc(VP(), {.steps = 4}, {.ratios = {1, 0.9, 1, 1}}); }) ==
          "dc: the first 2 ratios must be 1, got 0.9 for step 1");
    CHECK(message([] { dc(VP(), {.steps = 4}, {.ratios = {1, 1, 0.9, 1}, .dc_order = 3}); }) ==
          "dc: the first 3 ratios must be 1, got 0.9 for step 2");
    CHECK(message([] { dc(VP(), {.steps = 3}, {.ratios = {1, 1, NAN}}); }) == "dc: ratios must be finite, got nan");
    CHECK(message([] { dc(VP(), {.steps = 3}, {.order = 0}); }) == "dc: order must be at least 1, got 0");
    CHECK(message([] { dc(VP(), {.steps = 3}, {.dc_order = 0}); }) == "dc: dc_order must be at least 1, got 0");
}

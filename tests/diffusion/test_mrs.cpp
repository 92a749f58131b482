#include <buffon/diffusion/solvers/mrs.hpp>

#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/posterior_mr.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "declared_orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

const MeanReverting schedule(0.5);   // alpha from 0.005 to exp(-0.001)

constexpr MrsOptions noise(int order) { return {.order = order, .prediction = MrsPrediction::noise}; }
constexpr MrsOptions data(int order) { return {.order = order}; }

/// The published process on an exact mixture: degraded data mu_j = 0.5 cos(j + 1), starts mu + sinf times known points.
struct Problem {
    GaussianMixture model;
    SampleOptions options;
    Matrix ends;

    explicit Problem(const GaussianMixture& mixture) : model(mixture) {
        Matrix mu(1, model.dim()), x = problems::starts(128, model.dim());
        for (std::int64_t j = 0; j < mu.cols; ++j) mu(0, j) = 0.5 * std::cos(static_cast<double>(j) + 1);
        for (double& v : x.data) v *= schedule.sinf();
        ends = Matrix(x.rows, x.cols);
        Matrix y = x;   // x - (1 - alpha) mu
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < x.cols; ++j) {
                x(i, j) += mu(0, j);
                y(i, j) = x(i, j) - (1 - schedule.alpha(1.0)) * mu(0, j);
            }
        ends = problems::flow(model, schedule, y, 1.0, schedule.t_end(), 2000);
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < x.cols; ++j) ends(i, j) += (1 - schedule.alpha(schedule.t_end())) * mu(0, j);
        options.x = x;
        options.mean = mu;
        options.rng = 1;
    }

    double error(const Table& table) const { return problems::median_error(sample(model, table, options).x, ends); }
};

void check_rows(const Table& a, const Table& b, double tolerance) {
    REQUIRE(a.rows.size() == b.rows.size());
    for (std::size_t i = 0; i < a.rows.size(); ++i) {
        CHECK(a.rows[i].noise == doctest::Approx(b.rows[i].noise).epsilon(tolerance));
        REQUIRE(a.rows[i].terms.size() == b.rows[i].terms.size());
        for (std::size_t k = 0; k < a.rows[i].terms.size(); ++k)
            CHECK(a.rows[i].terms[k].weight == doctest::Approx(b.rows[i].terms[k].weight).epsilon(tolerance));
    }
}

}  // namespace

TEST_CASE("mrs: errors on two exact mixtures within 1 percent of an independent implementation") {   // N = 5, 10, 20, 40, 80
    struct Known {
        MrsOptions options;
        std::vector<double> g2, g16;
    };
    const std::vector<Known> known{
        {data(1), {.246, .117, .0548, .0267, .0133}, {.162, .0813, .0390, .0194, .00972}},
        {noise(1), {.246, .117, .0548, .0267, .0133}, {.162, .0813, .0390, .0194, .00972}},
        {data(2), {.333, .0847, .0154, .00330, 7.7e-4}, {.263, .0475, .00808, .00186, 4.6e-4}},
        {{.order = 2, .prediction = MrsPrediction::velocity},
         {.333, .0847, .0154, .00330, 7.7e-4},
         {.263, .0475, .00808, .00186, 4.6e-4}},
        {noise(2), {.0661, .0208, .00653, .00179, 4.8e-4}, {.0594, .0196, .00606, .00169, 4.4e-4}}};
    const Problem g2(problems::g2()), g16(problems::g16());
    for (const auto& [options, on_g2, on_g16] : known)
        for (std::size_t k = 0; k < on_g2.size(); ++k) {
            const Table table = mrs(schedule, {.steps = 5 << k}, options);
            INFO(table.text());
            const double percent = k == 4 && options.order == 2 ? 0.015 : 0.01;   // two digits are known
            CHECK(std::abs(g2.error(table) / on_g2[k] - 1) <= percent);
            CHECK(std::abs(g16.error(table) / on_g16[k] - 1) <= percent);
        }
}

TEST_CASE("mrs: without mu and with sinf = 1 it is DPM-Solver and DPM-Solver++ with exact weights") {
    const MeanReverting unit(1.0);
    for (const int order : {1, 2, 3}) {
        const Grid grid{.steps = 12};
        const DpmOptions exact{.order = order, .second = SecondOrder::taylor, .lower_order_final = false};
        check_rows(mrs(unit, grid, data(order)), dpmpp(unit, grid, exact), 1e-15);
        check_rows(mrs(unit, grid, noise(order)), dpm(unit, grid, exact), 1e-15);
    }
    const Table random = mrs(unit, {.steps = 12}, {.order = 2, .sde = true});
    CHECK(random.has_noise());
    check_rows(random,
               dpmpp(unit, {.steps = 12},
                     {.order = 2, .second = SecondOrder::taylor, .sde = true, .lower_order_final = false}),
               1e-15);
}

TEST_CASE("mrs: with data, noise and order 1 it is posterior sampling") {
    for (const bool to_zero : {false, true})
        check_rows(mrs(schedule, {.steps = 12, .to_zero = to_zero}, {.order = 1, .sde = true}),
                   posterior_mr(schedule, {.steps = 12, .to_zero = to_zero}), 2e-13);
}

TEST_CASE("mrs: the third order is exact, and all keep their promise and their declared orders") {
    for (const auto& options : {data(1), data(2), data(3), noise(1), noise(2), noise(3)})
        problems::check_declared_orders([&](const Schedule& s, const Grid& grid) { return mrs(s, grid, options); });
    for (const auto& options : {noise(3), data(3), MrsOptions{.order = 2, .sde = true},
                                MrsOptions{.order = 2, .prediction = MrsPrediction::noise, .sde = true}})
        for (const int steps : {1, 2, 3, 10, 20})
            for (const bool to_zero : {false, true})
                CHECK(mrs(schedule, {.steps = steps, .to_zero = to_zero}, options).violation() <= 1e-13);
}

TEST_CASE("mrs: its table says what made it, and is made again from another level") {
    const Table table = mrs(schedule, {.steps = 6}, noise(3));
    CHECK(table.text().starts_with("mrs(steps=6, grid='logsnr', order=3, prediction='noise', sde=False"));
    const Table from = table.from_level(2.0);
    CHECK(from.name == "mrs");
    CHECK(from.rho_start() == doctest::Approx(2.0).epsilon(1e-12));
    CHECK(from.options == table.options);
    CHECK_THROWS_WITH(mrs(schedule, {.steps = 6}, data(4)), "mrs: order must be 1, 2 or 3, got 4");
    CHECK_THROWS_WITH(mrs(schedule, {.steps = 6}, {.order = 3, .sde = true}), "mrs: with sde the order must be 1 or 2, got 3");
}

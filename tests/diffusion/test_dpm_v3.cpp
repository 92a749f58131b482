#include <buffon/diffusion/solvers/dpm_v3.hpp>

#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

struct Known {
    std::string problem;
    bool statistics;
    int order;
    V3Corrector corrector;
    std::vector<double> errors;   // at 5, 10, 20, 40, 80 steps
};

/// DPM-Solver-v3 on a grid of equal steps in lambda, statistics from 1,024 or 512 pairs and 1,280 nodes.
const std::vector<Known> known{
    {"g2", true, 1, V3Corrector::none, {1.79e-01, 8.14e-02, 3.62e-02, 1.70e-02, 8.28e-03}},
    {"g2", true, 2, V3Corrector::none, {1.34e-01, 5.75e-02, 1.41e-02, 3.42e-03, 8.70e-04}},
    {"g2", true, 3, V3Corrector::none, {1.80e-01, 8.56e-02, 1.83e-02, 1.57e-03, 1.35e-04}},
    {"g2", true, 3, V3Corrector::same, {6.78e-02, 1.96e-02, 1.89e-03, 3.16e-04, 3.02e-05}},
    {"g2", true, 3, V3Corrector::pseudo, {1.31e-01, 5.01e-02, 1.08e-02, 2.15e-03, 4.92e-04}},
    {"g2", true, 2, V3Corrector::pseudo, {9.69e-02, 4.47e-02, 1.17e-02, 2.29e-03, 5.06e-04}},
    {"g2", false, 1, V3Corrector::none, {2.80e-01, 1.36e-01, 6.32e-02, 3.05e-02, 1.51e-02}},
    {"g2", false, 2, V3Corrector::none, {3.83e-01, 1.19e-01, 2.13e-02, 4.41e-03, 1.04e-03}},
    {"g2", false, 3, V3Corrector::none, {6.57e-01, 4.24e-02, 9.00e-03, 9.57e-04, 7.09e-05}},
    {"g2", false, 3, V3Corrector::same, {6.77e-01, 7.02e-02, 5.36e-03, 9.14e-05, 4.18e-05}},
    {"g2", false, 3, V3Corrector::pseudo, {7.13e-01, 1.26e-01, 1.45e-02, 2.27e-03, 5.31e-04}},
    {"g2", false, 2, V3Corrector::pseudo, {4.30e-01, 3.25e-02, 8.56e-03, 2.18e-03, 5.05e-04}},
    {"g16", true, 1, V3Corrector::none, {2.03e-01, 5.58e-02, 2.43e-02, 1.13e-02, 5.36e-03}},
    {"g16", true, 2, V3Corrector::none, {9.85e-02, 4.94e-02, 1.02e-02, 2.21e-03, 5.24e-04}},
    {"g16", true, 3, V3Corrector::none, {1.09e-01, 4.27e-02, 5.22e-03, 6.87e-04, 6.82e-05}},
    {"g16", true, 3, V3Corrector::same, {5.04e-02, 7.46e-03, 1.09e-03, 1.31e-04, 2.09e-05}},
    {"g16", true, 3, V3Corrector::pseudo, {7.63e-02, 3.30e-02, 7.13e-03, 1.37e-03, 2.77e-04}},
    {"g16", true, 2, V3Corrector::pseudo, {6.21e-02, 2.92e-02, 7.49e-03, 1.62e-03, 3.27e-04}},
    {"g16", false, 1, V3Corrector::none, {1.98e-01, 9.19e-02, 4.49e-02, 2.21e-02, 1.11e-02}},
    {"g16", false, 2, V3Corrector::none, {2.98e-01, 6.88e-02, 1.13e-02, 2.51e-03, 6.14e-04}},
    {"g16", false, 3, V3Corrector::none, {4.79e-01, 6.73e-02, 8.11e-03, 8.43e-04, 5.97e-05}},
    {"g16", false, 3, V3Corrector::same, {4.73e-01, 6.40e-02, 3.32e-03, 8.05e-05, 3.53e-05}},
    {"g16", false, 3, V3Corrector::pseudo, {4.94e-01, 9.98e-02, 8.60e-03, 1.33e-03, 3.01e-04}},
    {"g16", false, 2, V3Corrector::pseudo, {3.25e-01, 2.30e-02, 7.89e-03, 1.50e-03, 2.80e-04}},
};

}  // namespace

TEST_CASE("dpm_v3: published errors, exact coefficients within 1 %, estimated ones within 25 %") {
    for (const std::string problem : {"g2", "g16"}) {
        const GaussianMixture model = problem == "g2" ? problems::g2() : problems::g16();
        const Schedule schedule = VP();
        const Matrix x = problems::starts(128, model.dim());
        const Matrix exact = problems::flow(model, schedule, x, 1.0, 1e-3, 4000);
        const Ems statistics = ems(model, schedule, {.n = problem == "g2" ? 1024 : 512, .nodes = 1280, .probes = 0, .rng = 1});
        for (const Known& row : known) {
            if (row.problem != problem) continue;
            for (std::size_t k = 0; k < row.errors.size(); ++k) {
                DpmV3Options options{.order = row.order, .corrector = row.corrector, .lower_order_final = false};
                options.statistics =
                    row.statistics ? statistics : Ems::constant(schedule.lambda(1), schedule.lambda(1e-3), 1, 0, 0);
                const Table table = dpm_v3(schedule, {.steps = 5 << k}, options);
                CAPTURE(problem);
                CAPTURE(table.text());
                CAPTURE(row.statistics);
                const double error = problems::median_error(problems::solve(model, table, x), exact);
                CHECK(std::abs(error / row.errors[k] - 1) <= (row.statistics ? 0.25 : 0.01));
            }
        }
    }
}

TEST_CASE("dpm_v3: data prediction is the exact third-order DPM-Solver++ up to the table") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(64, 2);
    const Schedule schedule = VP();
    // with the order-2 rows of the exact integral at the beginning
    const Matrix other = problems::solve(
        model, dpmpp(schedule, {.steps = 20}, {.order = 3, .second = SecondOrder::taylor, .lower_order_final = false}),
        x);
    double before = 1;
    for (const auto& [nodes, bound] : {std::pair{320, 8e-4}, std::pair{1280, 5e-5}, std::pair{5120, 3.5e-6}}) {
        const Table table =
            dpm_v3(schedule, {.steps = 20},
                   {.statistics = Ems::constant(schedule.lambda(1), schedule.lambda(1e-3), 1, 0, 0, nodes),
                    .corrector = V3Corrector::none,
                    .lower_order_final = false});
        const double difference = problems::rms_error(problems::solve(model, table, x), other);
        CHECK(difference <= bound);
        CHECK(difference < before / 8);
        before = difference;
    }
}

TEST_CASE("dpm_v3: without statistics the rows are data prediction to rounding") {
    for (const V3Corrector corrector : {V3Corrector::none, V3Corrector::same, V3Corrector::pseudo})
        for (const std::int64_t steps : {1, 2, 7, 16}) {
            const Table table = dpm_v3(VP(), {.steps = steps}, {.corrector = corrector});
            CAPTURE(table.text());
            CHECK(table.promise == Promise::levels);
            CHECK(table.violation() <= 1e-13);
        }
}

TEST_CASE("dpm_v3: Gaussian data: one step of order 1 is exact up to the statistics' table") {
    const Schedule schedule = VP();
    const Matrix x = problems::starts(64, 1);
    const Matrix exact = problems::flow_of_g1(schedule, x, 1.0, 1e-3);
    for (const auto& [nodes, bound] : {std::pair{320, 2.5e-4}, std::pair{1280, 1.5e-5}, std::pair{5120, 9.5e-7}}) {
        const Ems statistics = ems(problems::g1(), schedule, {.n = 256, .nodes = nodes, .rng = 1});
        const Table table = dpm_v3(schedule, {.steps = 2}, {.statistics = statistics, .order = 1});
        CHECK(problems::rms_error(problems::solve(problems::g1(), table, x), exact) <= bound);
    }
}

TEST_CASE("dpm_v3: refuses") {
    CHECK_THROWS_WITH(dpm_v3(VP(), {.steps = 3}, {.order = 5}), "dpm_v3: order must be 1 to 4, got 5");
    CHECK_THROWS_WITH(dpm_v3(VP(), {.steps = 3, .t_end = 1e-4}, {.statistics = Ems::constant(-6, 3, 1, 0, 0)}),
                      doctest::Contains("the statistics reach from"));
}

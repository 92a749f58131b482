#include <buffon/diffusion/unified.hpp>

#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

/// The same decision at equal steps in lambda.
Decisions alike(int steps, const Decision& decision) {
    Decisions d{.steps = std::vector<Decision>(static_cast<std::size_t>(steps), decision)};
    for (int i = 0; i < steps; ++i) d.steps[static_cast<std::size_t>(i)].place = static_cast<double>(i + 1) / steps;
    return d;
}

double difference(const Decision& decision, const Table& known) {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(32, 2);
    return problems::rms_error(problems::solve(model, unified(VP(), 1e-3, alike(12, decision)), x),
                               problems::solve(model, known, x));
}

}  // namespace

TEST_CASE("unified: known solvers are members") {
    const Grid grid{.steps = 12};
    CHECK(difference({.order = 1}, dpmpp(VP(), grid, {.order = 1})) <= 1e-11);
    CHECK(difference({.order = 2, .relaxation = Relaxation::bh2},
                     dpmpp(VP(), grid, {.order = 2, .lower_order_final = false})) <= 1e-11);
    CHECK(difference({.order = 2},
                     dpmpp(VP(), grid, {.order = 2, .second = SecondOrder::taylor, .lower_order_final = false})) <=
          1e-11);
    CHECK(difference({.order = 3, .points = 2},
                     dpmpp(VP(), grid, {.order = 3, .second = SecondOrder::taylor, .lower_order_final = false})) <=
          1e-11);
    CHECK(difference({.prediction = Prediction::noise, .order = 2},
                     dpm(VP(), grid, {.order = 2, .second = SecondOrder::taylor, .lower_order_final = false})) <=
          1e-11);
    CHECK(difference({.prediction = Prediction::noise, .order = 3, .points = 2},
                     dpm(VP(), grid, {.order = 3, .second = SecondOrder::taylor, .lower_order_final = false})) <= 1e-11);
    for (const Prediction prediction : {Prediction::data, Prediction::noise})
        CHECK(difference({.prediction = prediction, .order = 3, .points = 2, .corrector = true},
                         unipc(VP(), grid,
                               {.order = 3,
                                .variant = UnipcVariant::exact,
                                .prediction = prediction,
                                .lower_order_final = false})) <= 1e-11);
}

TEST_CASE("unified: bh1 and bh2 are the rules of UniPC") {
    const Grid grid{.steps = 12};
    for (const Prediction prediction : {Prediction::data, Prediction::noise}) {
        CHECK(difference({.prediction = prediction, .order = 2, .relaxation = Relaxation::bh1},
                         unipc(VP(), grid,
                               {.order = 2,
                                .variant = UnipcVariant::bh1,
                                .prediction = prediction,
                                .corrector = false,
                                .lower_order_final = false})) <= 1e-11);
        CHECK(difference({.prediction = prediction, .order = 2, .relaxation = Relaxation::bh2},
                         unipc(VP(), grid,
                               {.order = 2,
                                .variant = UnipcVariant::bh2,
                                .prediction = prediction,
                                .corrector = false,
                                .lower_order_final = false})) <= 1e-11);
    }
}

TEST_CASE("unified: predictions, orders, points and factors may change from step to step; weights keep their promise") {
    Decisions d = alike(7, {});
    for (std::size_t i = 0; i < 7; ++i) {
        d.steps[i].prediction = i % 2 == 0 ? Prediction::data : Prediction::noise;
        d.steps[i].order = 1 + static_cast<int>(i % 4);
        d.steps[i].points = 1 + static_cast<int>(i % 3);
        d.steps[i].relaxation = static_cast<Relaxation>(i % 4);
        d.steps[i].c = 0.1;
        d.steps[i].corrector = i % 3 == 1;
        d.steps[i].place = std::pow(d.steps[i].place, 1.2);
    }
    const Table table = unified(VP(), 1e-3, d);
    CHECK(table.violation() <= 1e-13);
    CHECK(table.evaluations() == 7);
    CHECK(table.nodes.lambda[3] ==
          doctest::Approx(VP().lambda(1) + d.steps[2].place * (VP().lambda(1e-3) - VP().lambda(1))).epsilon(1e-10));
}

TEST_CASE("unified: the analytic first evaluation is the limit of pure noise") {
    Decisions d = alike(6, {.order = 3, .points = 2});
    d.analytic_first = true;
    const Table table = unified(VP(), 1e-3, d);
    CHECK(table.evaluations() == 5);
    d.analytic_first = false;
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(32, 2);
    const double gap =
        problems::median_error(problems::solve(model, table, x), problems::solve(model, unified(VP(), 1e-3, d), x));
    CHECK(gap > 1e-6);
    CHECK(gap < 0.1);
}

TEST_CASE("unified: refuses") {
    Decisions d = alike(3, {});
    CHECK_THROWS_WITH(unified(VP(), 1e-3, {}), "unified: at least one step is needed");
    d.steps[0].place = 0.9;
    CHECK_THROWS_WITH(unified(VP(), 1e-3, d), doctest::Contains("places must increase to 1"));
    d.steps[0].place = 0.2;
    d.steps[2].place = 0.99;
    CHECK_THROWS_WITH(unified(VP(), 1e-3, d), "unified: the last place must be 1, got 0.99");
    d.steps[2].place = 1;
    d.steps[2].order = 5;
    CHECK_THROWS_WITH(unified(VP(), 1e-3, d), "unified: order must be 1 to 4, got 5");
}

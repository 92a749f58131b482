#include <buffon/diffusion/dpm_solver.hpp>

#include <buffon/diffusion/gaussian_law.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>

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

const std::vector<DpmOptions> multistep{{.order = 1},
                                        {.order = 2},
                                        {.order = 2, .second = SecondOrder::taylor},
                                        {.order = 3},
                                        {.order = 3, .third = ThirdOrder::legacy}};
const std::vector<DpmOptions> singlestep{{.order = 1, .method = DpmMethod::singlestep},
                                         {.order = 2, .method = DpmMethod::singlestep},
                                         {.order = 2, .method = DpmMethod::singlestep, .second = SecondOrder::taylor},
                                         {.order = 3, .method = DpmMethod::singlestep},
                                         {.order = 3, .method = DpmMethod::singlestep, .second = SecondOrder::taylor}};
const std::vector<DpmOptions> stochastic{
    {.order = 1, .sde = true}, {.order = 2, .sde = true}, {.order = 2, .second = SecondOrder::taylor, .sde = true}};

std::vector<int> evaluations_per_step(const Table& table) {
    std::vector<int> counts{0};
    for (const Row& row : table.rows) {
        if (row.at >= 0) ++counts.back();
        if (row.node >= 0) counts.push_back(0);
    }
    counts.pop_back();
    return counts;
}

double relative_variance_error(const Table& table) {
    const double exact = flow_on_gaussian(table, 1.2, 0.3).variance();
    return std::abs(result_on_gaussian(table, 1.2, 0.3).variance() / exact - 1);
}

}  // namespace

TEST_CASE("dpm: every form keeps its promise on every grid, to sigma = 0 too") {
    for (const auto& all : {multistep, singlestep, stochastic})
        for (const DpmOptions& options : all)
            for (const auto& maker : {&dpm, &dpmpp})
                for (const GridKind kind : {GridKind::time, GridKind::logsnr, GridKind::rho})
                    for (const bool to_zero : {false, true})
                        for (const int steps : {1, 2, 3, 10, 20}) {
                            const Table table = maker(VP(), {.steps = steps, .grid = kind, .to_zero = to_zero}, options);
                            CAPTURE(table.text());
                            CHECK(table.violation() <= 1e-13);
                            CHECK(table.steps() == steps);
                            CHECK(table.has_noise() == (options.sde && !(to_zero && steps == 1)));
                        }
}

TEST_CASE("dpm: order 1 is DDIM, whatever is predicted; with noise it is DDIM with eta = 1 but for the last step") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(40, 2);
    const Matrix known = problems::solve(model, ddim(VP(), {.steps = 12}), x);
    for (const DpmMethod method : {DpmMethod::multistep, DpmMethod::singlestep, DpmMethod::fast})
        for (const auto& maker : {&dpm, &dpmpp}) {
            const Matrix found = problems::solve(model, maker(VP(), {.steps = 12}, {.order = 1, .method = method}), x);
            for (std::size_t i = 0; i < x.data.size(); ++i) CHECK(std::abs(found.data[i] - known.data[i]) < 3e-14);
        }
    const Table ancestral = ddim(VP(), {.steps = 12}, {.eta = 1.0}),
                random = dpmpp(VP(), {.steps = 12}, {.order = 1, .sde = true});
    REQUIRE(random.rows.size() == ancestral.rows.size());
    for (std::size_t i = 0; i + 1 < random.rows.size(); ++i) {
        CHECK(random.rows[i].noise == doctest::Approx(ancestral.rows[i].noise).epsilon(1e-12));
        for (std::size_t k = 0; k < random.rows[i].terms.size(); ++k)
            CHECK(random.rows[i].terms[k].weight == doctest::Approx(ancestral.rows[i].terms[k].weight).epsilon(2e-13));
    }
    CHECK(random.rows.back().noise > 0);
    CHECK(ancestral.rows.back().noise == 0);
}

TEST_CASE("dpm: 'fast' spends the evaluations it is given") {
    const auto split = [](int evaluations, int order) {
        return evaluations_per_step(dpm(VP(), {.steps = evaluations}, {.order = order, .method = DpmMethod::fast}));
    };
    CHECK(split(10, 3) == std::vector{3, 3, 3, 1});
    CHECK(split(11, 3) == std::vector{3, 3, 3, 2});
    CHECK(split(12, 3) == std::vector{3, 3, 3, 2, 1});
    CHECK(split(9, 2) == std::vector{2, 2, 2, 2, 1});
    CHECK(split(3, 1) == std::vector{1, 1, 1});
    CHECK(split(3, 3) == std::vector{2, 1});
    for (const GridKind kind : {GridKind::time, GridKind::logsnr, GridKind::rho})
        for (int steps = 1; steps <= 20; ++steps)
            for (const bool to_zero : {false, true}) {
                const Table table = dpmpp(VP(), {.steps = steps, .grid = kind, .to_zero = to_zero},
                                          {.order = 3, .method = DpmMethod::fast});
                CHECK(table.evaluations() == steps);
                CHECK(table.violation() <= 1e-13);
                CHECK(table.nodes.rho.front() == nodes(VP(), {.steps = 1}).rho.front());
                CHECK((table.nodes.rho.back() == 0) == to_zero);
            }
}

TEST_CASE("dpm: 'fast' evaluates at the nodes of a grid in the time, evenly in lambda otherwise") {
    const Nodes all = nodes(VP(), {.steps = 12, .grid = GridKind::time});
    std::vector<double> levels;
    const Table table = dpm(VP(), {.steps = 12, .grid = GridKind::time}, {.order = 3, .method = DpmMethod::fast});
    for (const Row& row : table.rows)
        if (row.at < 0) levels.push_back(row.rho);
    REQUIRE(levels.size() == 12);
    for (std::size_t i = 0; i < 12; ++i) CHECK(levels[i] == doctest::Approx(all.rho[i + 1]).epsilon(1e-12));
    const Table even = dpm(VP(), {.steps = 12}, {.order = 3, .method = DpmMethod::fast});
    const Nodes outer = nodes(VP(), {.steps = 5});
    for (std::size_t i = 0; i <= 5; ++i) CHECK(even.nodes.lambda[i] == outer.lambda[i]);
}

TEST_CASE("dpm: 'fast' from another level makes the same budget's table") {
    const Table table = dpm(EDM(), {.steps = 10}, {.order = 3, .method = DpmMethod::fast}), from = table.from_level(5.0);
    CHECK(from.evaluations() == 10);
    CHECK(from.rho_start() == doctest::Approx(5.0).epsilon(1e-14));
    CHECK(table.text().starts_with("dpm(steps=10, grid='logsnr', order=3, method='fast'"));
}

TEST_CASE("dpm: lower_order_final lowers the last orders of short tables only") {
    const auto last_terms = [](int steps, bool lower) {
        return dpmpp(VP(), {.steps = steps}, {.order = 3, .lower_order_final = lower}).rows.back().terms.size();
    };
    CHECK(last_terms(9, true) == 2);
    CHECK(last_terms(9, false) == 4);
    CHECK(last_terms(10, true) == 4);
}

TEST_CASE(
    "dpm: variances of the random forms on a Gaussian, by an independent recursion") {   // relative errors at N = 10 ... 160
    struct Known {
        Table (*maker)(const Schedule&, const Grid&, const DpmOptions&);
        DpmOptions options;
        std::vector<double> errors;
    };
    for (const auto& [maker, options, errors] : {Known{&dpmpp, stochastic[0], {.56, .36, .21, .11, .058}},
                                                 Known{&dpmpp, stochastic[1], {.048, .060, .018, .0047, .0012}},
                                                 Known{&dpmpp, stochastic[2], {.46, .17, .041, .0099, .0024}},
                                                 Known{&dpm, stochastic[0], {.24, .044, .010, .0026, 6.8e-4}}}) {
        int steps = 10;
        for (const double known : errors) {
            DpmOptions full = options;
            full.lower_order_final = false;
            CAPTURE(maker(VP(), {.steps = steps}, full).text());
            CHECK(std::abs(relative_variance_error(maker(VP(), {.steps = steps}, full)) - known) <
                  0.06 * known);   // two digits are known
            steps *= 2;
        }
    }
    DpmOptions first = stochastic[0];
    first.lower_order_final = false;
    CHECK(std::abs(relative_variance_error(dpm(VP(), {.steps = 5}, first)) / 4e3 - 1) <
          0.13);   // of noise, five steps: one digit is known
}

TEST_CASE("dpm: declared orders are reached from the noise end and from the middle") {
    for (const auto& all : {multistep, singlestep})
        for (const DpmOptions& options : all)
            for (const auto& maker : {&dpm, &dpmpp})
                problems::check_declared_orders(
                    [&](const Schedule& schedule, const Grid& grid) { return maker(schedule, grid, options); });
}

TEST_CASE("dpm: a refusal names the solver, the option, the value and the requirement") {
    const Grid grid{.steps = 4};
    CHECK(message([&] { dpm(VP(), grid, {.order = 4}); }) == "dpm: order must be 1, 2 or 3, got 4");
    CHECK(message([&] { dpmpp(VP(), grid, {.order = 0}); }) == "dpmpp: order must be 1, 2 or 3, got 0");
    CHECK(message([&] { dpmpp(VP(), grid, {.order = 3, .sde = true}); }) == "dpmpp: with sde the order must be 1 or 2, got 3");
    CHECK(message([&] { dpmpp(VP(), grid, {.method = DpmMethod::fast, .sde = true}); }) ==
          "dpmpp: with sde the method must be 'multistep'");
    CHECK(message([&] { dpm(VP(), {.grid = std::vector{1.0, 0.1}}, {.method = DpmMethod::fast}); }) ==
          "dpm: method 'fast' makes its own grid: steps must be given, and grid as a word");
    CHECK(message([&] { dpm(VP(), {.steps = 0}, {.method = DpmMethod::fast}); }) == "dpm: steps must be at least 1, got 0");
}

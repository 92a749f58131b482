#include <buffon/diffusion/solvers/deis.hpp>

#include <buffon/diffusion/exponential.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/lms.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"
#include "declared_orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

std::vector<DeisOptions> all() {
    std::vector<DeisOptions> options;
    for (int order = 0; order <= 3; ++order)
        for (const DeisMethod method : {DeisMethod::tab, DeisMethod::rhoab})
            options.push_back({.method = method, .order = order});
    for (std::size_t name = 0; name < buffon::EnumNames<TableauName>::names.size(); ++name)
        options.push_back({.method = DeisMethod::rhork, .tableau = static_cast<TableauName>(name)});
    return options;
}

double difference(const Matrix& a, const Matrix& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
    return largest;
}

/// Weights of the noise predictions in a step of rho by -1, from the last row: D_k has -w_k / rho_k.
std::vector<double> weights_of_last_step(const Table& table) {
    std::vector<double> weights;
    const auto& nodes = table.nodes;
    for (const Term& term : table.rows.back().terms) {
        const auto value = static_cast<std::size_t>(term.value);
        if (value < 2 || table.rows[value - 2].at < 0) continue;
        weights.push_back(term.weight * nodes.rho[value / 2 - 1] / (nodes.rho[nodes.steps() - 1] - nodes.rho.back()));
    }
    return weights;
}

}  // namespace

TEST_CASE("deis: every form keeps its promise on every grid") {
    for (const DeisOptions& options : all())
        for (const Schedule& schedule : {Schedule(VP()), Schedule(VE()), Schedule(EDM())})
            for (const GridKind kind : {GridKind::time, GridKind::logsnr, GridKind::rho})
                for (const int steps : {1, 2, 3, 10, 20}) {
                    const Table table = deis(schedule, {.steps = steps, .grid = kind}, options);
                    CAPTURE(table.text());
                    CHECK(table.violation() <= 1e-13);
                    const bool stages = options.method == DeisMethod::rhork;
                    CHECK(table.evaluations() == steps * (stages ? static_cast<int>(tableau(options.tableau).c.size()) : 1));
                }
}

TEST_CASE("deis: degree 0 and Euler's method are DDIM") {
    const GaussianMixture model = problems::g16();
    const Matrix x = problems::starts(20, 16), known = problems::solve(model, ddim(VP(), {.steps = 15}), x);
    for (const DeisOptions& options :
         {DeisOptions{.method = DeisMethod::tab, .order = 0}, DeisOptions{.method = DeisMethod::rhoab, .order = 0},
          DeisOptions{.method = DeisMethod::rhork, .tableau = TableauName::euler}})
        CHECK(difference(problems::solve(model, deis(VP(), {.steps = 15}, options), x), known) < 3e-14);
}

TEST_CASE("deis: where time is minus lambda the polynomials in it are DPM-Solver's") {   // VE: lambda is an affine function of t
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(20, 2);
    for (const int order : {1, 2}) {
        const Table in_time = deis(VE(), {.steps = 11}, {.order = order});
        const Table in_lambda =
            dpm(VE(), {.steps = 11}, {.order = order + 1, .second = SecondOrder::taylor, .lower_order_final = false});
        CHECK(difference(problems::solve(model, in_time, x), problems::solve(model, in_lambda, x)) < 1e-11);
    }
}

TEST_CASE("deis: on levels of equal distance rhoAB has the weights of Adams and Bashforth") {
    const std::vector<double> rho{8, 7, 6, 5, 4, 3};
    const std::vector<std::vector<double>> known{
        {1}, {-1. / 2, 3. / 2}, {5. / 12, -16. / 12, 23. / 12}, {-9. / 24, 37. / 24, -59. / 24, 55. / 24}};
    for (int order = 0; order <= 3; ++order) {
        const auto w = weights_of_last_step(deis(EDM(), {.grid = rho}, {.method = DeisMethod::rhoab, .order = order}));
        REQUIRE(w.size() == known[static_cast<std::size_t>(order)].size());
        for (std::size_t k = 0; k < w.size(); ++k)
            CHECK(w[k] == doctest::Approx(known[static_cast<std::size_t>(order)][k]).epsilon(1e-12));
    }
}

TEST_CASE("lms: it is rhoAB of degree order - 1") {
    for (const GridKind kind : {GridKind::time, GridKind::logsnr})
        for (int order = 1; order <= 4; ++order) {
            const Table a = lms(VP(), {.steps = 9, .grid = kind}, {.order = order});
            const Table b = deis(VP(), {.steps = 9, .grid = kind}, {.method = DeisMethod::rhoab, .order = order - 1});
            CHECK(a.formula() == b.formula());
            CHECK(a.orders.from_noise == order);
        }
    CHECK(lms(VP(), {.steps = 9}).text().starts_with("lms(steps=9, grid='logsnr', order=4)"));
    CHECK(lms(EDM(), {.steps = 9}).from_level(3.0).name == "lms");
}

TEST_CASE("runge_kutta: stages lie where their weights add up to, tableaux have their order") {
    for (std::size_t name = 0; name < buffon::EnumNames<TableauName>::names.size(); ++name) {
        const Tableau& t = tableau(static_cast<TableauName>(name));
        CAPTURE(buffon::EnumNames<TableauName>::names[name]);
        std::vector<double> moments(4, 0.0);   // sum b, sum b c, sum b c^2, sum b c^3
        double nested = 0;                     // sum b_i a_ij c_j
        for (std::size_t i = 0; i < t.c.size(); ++i) {
            CHECK(std::accumulate(t.a[i].begin(), t.a[i].end(), 0.0) == doctest::Approx(t.c[i]));
            for (std::size_t k = 0; k < 4; ++k) moments[k] += t.b[i] * std::pow(t.c[i], static_cast<double>(k));
            for (std::size_t j = 0; j < t.a[i].size(); ++j) nested += t.b[i] * t.a[i][j] * t.c[j];
        }
        for (int k = 0; k < t.order; ++k) CHECK(moments[static_cast<std::size_t>(k)] == doctest::Approx(1.0 / (k + 1)));
        if (t.order >= 3) CHECK(nested == doctest::Approx(1.0 / 6));
    }
}

TEST_CASE("deis: declared orders are reached from the noise end and from the middle") {
    for (const DeisOptions& options : all())
        problems::check_declared_orders(
            [&](const Schedule& schedule, const Grid& grid) { return deis(schedule, grid, options); });
}

TEST_CASE("deis: a refusal names the solver, the option, the value and the requirement") {
    CHECK(message([] { deis(VP(), {.steps = 4}, {.order = 4}); }) == "deis: order must be 0, 1, 2 or 3, got 4");
    CHECK(message([] { deis(VP(), {.steps = 4}, {.order = -1}); }) == "deis: order must be 0, 1, 2 or 3, got -1");
    CHECK(message([] { lms(VP(), {.steps = 4}, {.order = 5}); }) == "lms: order must be 1, 2, 3 or 4, got 5");
    CHECK(message([] { lms(VP(), {.steps = 4}, {.order = 0}); }) == "lms: order must be 1, 2, 3 or 4, got 0");
}

#include <buffon/diffusion/order_report.hpp>

#include <solver_registry.hpp>

#include <doctest/doctest.h>

#include <buffon/diffusion/solvers/rk45.hpp>

#include <cmath>
#include <string>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

/// The same maker with its order kept to the last step, where it has this option.
template <class Options>
Table unlowered(Table (*maker)(const Schedule&, const Grid&, const Options&), const Grid& grid) {
    Options options;
    if constexpr (requires { options.lower_order_final; }) options.lower_order_final = false;
    return maker(VP(), grid, options);
}

std::string refusal(const Table& table, const OrderReportOptions& options = {}) {
    try {
        (void)order_report(table, options);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("order report: every registered solver reaches the order it declares, from the noise end and from the middle") {
    const auto check = [](const Table& table, bool from_noise) {
        const OrderReport report = order_report(table);
        INFO(report.text());
        CHECK(report.from_noise == from_noise);
        CHECK(report.declared_here() == (from_noise ? table.orders.from_noise : table.orders.from_middle));
        CHECK(report.order >= report.declared_here() - 0.25);
        CHECK(report.ok());
    };
#define ROW(name)                                                                      \
    check(unlowered(&name, {.steps = 10}), true);                                      \
    check(unlowered(&name, {.steps = 10, .t_end = 0.02, .t_start = 0.3}), false);
#include <solver_registry.inc>
#undef ROW
}

TEST_CASE("order report: a table that falls to order 1 in its last steps misses its declared order, and is told why") {
    const OrderReport report = order_report(unipc(VP(), {.steps = 10}, {.order = 3}));
    CHECK_FALSE(report.ok());
    CHECK(report.order < 3);
    CHECK(report.declared_here() == 4);
    CHECK(report.advice().find(
              "below the declared 4. The last rows of this table are of lower order: lower_order_final=False") !=
          std::string::npos);
    const OrderReport whole = order_report(unipc(VP(), {.steps = 10}, {.order = 3, .lower_order_final = false}));
    CHECK(whole.ok());
    CHECK(whole.advice().find("from the noise end, as declared: 4") != std::string::npos);
    CHECK_FALSE(order_report(heun(VP(), {.steps = 10, .to_zero = true})).ok());
}

TEST_CASE("order report: errors are those of the samples, and the slope is that of a straight line") {
    const OrderReport report = order_report(ddim(VP(), {.steps = 5}));
    CHECK(report.declared_here() == 1);
    CHECK(report.low < report.order);
    CHECK(report.high > report.order);
    CHECK(report.high - report.low < 0.1);
    CHECK(report.order == doctest::Approx(0.99).epsilon(0.02));
    const Matrix x = problems::starts(5000, 1), solved = problems::solve(problems::g1(), ddim(VP(), {.steps = 40}), x);
    CHECK(std::abs(problems::rms_error(solved, problems::flow_of_g1(VP(), x, 1.0, 1e-3)) / report.errors[0] - 1) < 0.02);
}

TEST_CASE("order report: the order is of the asymptotic range, without few steps and without rounding") {
    // orders between neighbours: 2.5 to 3.4 below 80 steps, 3.8, 3.9 above
    const OrderReport report = order_report(unipc(VP(), {.steps = 10}, {.order = 3, .lower_order_final = false}),
                                            {.steps = {20, 40, 80, 160, 320, 640}});
    CHECK(report.asymptotic.front() >= 80);
    CHECK(report.asymptotic.back() == 640);
    CHECK(report.order > 3.75);
    const Table accurate = deis(VP(), {.steps = 10, .t_end = 0.02, .t_start = 0.3},
                                {.method = DeisMethod::rhork, .tableau = TableauName::rk4});
    const OrderReport beyond = order_report(accurate, {.steps = {40, 80, 160, 320, 2560}});
    CHECK(beyond.asymptotic.back() == 320);
    CHECK(std::abs(beyond.order - 4) < 0.05);
}

TEST_CASE("order report: refusals name the solver and what it has instead") {
    CHECK(refusal(ddim(VP(), {.steps = 5}), {.steps = {10, 20}}).find("steps must hold at least 3") != std::string::npos);
    CHECK(refusal(ddim(VP(), {.grid = Schedule(VP()).grid(4)})).find("array of times") != std::string::npos);
    CHECK(refusal(rk45(VP(), {})).starts_with("order_report: rk45 chooses its steps"));
    CHECK(refusal(reverse_diffusion(VP(), {.steps = 5}, {.corrections = 1}))
              .starts_with("order_report: reverse_diffusion has Langevin steps"));
    const Table accurate = deis(VP(), {.steps = 10, .t_end = 0.02, .t_start = 0.3},
                                {.method = DeisMethod::rhork, .tableau = TableauName::rk4});
    CHECK(refusal(accurate, {.steps = {1000, 2000, 4000}}).find("errs by rounding alone") != std::string::npos);
}

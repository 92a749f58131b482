#include <buffon/diffusion/order_report.hpp>

#include <solver_registry.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("order report: every registered solver reaches the order it declares, from the noise end and from the middle") {
    const auto check = [](const Table& table, double declared) {
        const OrderReport report = order_report(table, {.steps = {160, 320, 640}});
        INFO(report.text());
        CHECK(report.orders.back() >= declared - 0.25);
    };
#define ROW(name)                                                                                          \
    if (std::string(#name) != "dpm_v3") {   /* whose statistics' nodes bound its error */                  \
        const Table table = name(VP(), {.steps = 160});                                                    \
        check(table, table.orders.from_noise);                                                             \
        check(name(VP(), {.steps = 160, .t_end = 0.02, .t_start = 0.3}), table.orders.from_middle);         \
    }
#include <solver_registry.inc>
#undef ROW
}

TEST_CASE("order report: errors are those of the samples, and the slope is that of a straight line") {
    const OrderReport report = order_report(ddim(VP(), {.steps = 5}));
    CHECK(report.declared == 1);
    CHECK(report.low < report.order);
    CHECK(report.high > report.order);
    CHECK(report.high - report.low < 0.1);
    CHECK(report.order == doctest::Approx(0.99).epsilon(0.02));
    const Matrix x = problems::starts(5000, 1), solved = problems::solve(problems::g1(), ddim(VP(), {.steps = 40}), x);
    CHECK(problems::rms_error(solved, problems::flow_of_g1(VP(), x, 1.0, 1e-3)) == doctest::Approx(report.errors[0]).epsilon(0.02));
    CHECK_THROWS_AS((void)order_report(ddim(VP(), {.steps = 5}), {.steps = {10, 20}}), std::invalid_argument);
    CHECK_THROWS_AS((void)order_report(ddim(VP(), {.grid = Schedule(VP()).grid(4)})), std::invalid_argument);
}

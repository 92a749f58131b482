#include <buffon/diffusion/churn.hpp>

#include <buffon/diffusion/solvers/euler.hpp>
#include <buffon/diffusion/solvers/heun.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "orders.hpp"

using namespace buffon::diffusion;

namespace {

std::int64_t noises(const Table& table) {
    return std::ranges::count_if(table.rows, [](const Row& row) { return row.noise != 0; });
}

}  // namespace

TEST_CASE("churn: noise raises the level by s_churn / steps between s_tmin and s_tmax, and no more than by sqrt(2)") {
    const Grid grid{.steps = 10, .grid = GridKind::rho, .to_zero = true};
    const Table table = heun(EDM(), grid, {.s_churn = 2.0, .s_tmin = 0.05, .s_tmax = 50});
    const auto inside = std::ranges::count_if(table.nodes.rho, [](double rho) { return rho >= 0.05 && rho <= 50; });
    CHECK(inside > 3);
    CHECK(inside < 10);
    CHECK(noises(table) == inside);
    for (std::size_t k = 0; k < table.rows.size(); ++k)
        if (table.rows[k].noise != 0) {
            const double s = table.rows[k].rho / 1.2;
            CHECK(std::ranges::any_of(table.nodes.rho, [&](double rho) { return std::abs(rho - s) < 1e-12 * s; }));
            CHECK(table.rows[k].noise == doctest::Approx(std::sqrt(1.2 * 1.2 - 1) * s).epsilon(1e-12));
        }
    const Table most = euler(EDM(), grid, {.s_churn = 1e6});
    CHECK(most.rows.front().rho == doctest::Approx(std::numbers::sqrt2 * 80).epsilon(1e-14));
    CHECK(most.rows.front().noise == doctest::Approx(80.0).epsilon(1e-12));
}

TEST_CASE("churn: levels add up unless s_noise says else, and the weak order stays") {
    for (const double s_noise : {1.0, 1.003}) {
        const ChurnOptions options{.s_churn = 5.0, .s_noise = s_noise};
        for (const Table& table : {euler(VP(), {.steps = 12}, options), heun(VP(), {.steps = 12}, options)}) {
            CHECK(table.promise == (s_noise == 1 ? Promise::levels : Promise::weights));
            CHECK(table.violation() < 1e-14);
        }
    }
    const ChurnOptions options{.s_churn = 1.0};
    CHECK(problems::observed_order(
              [&](std::int64_t n) { return euler(EDM(), {.steps = n, .grid = GridKind::rho}, options); }, 80) > 0.75);
    CHECK(problems::observed_order(
              [&](std::int64_t n) { return heun(EDM(), {.steps = n, .grid = GridKind::rho}, options); }, 80) > 1.75);
}

TEST_CASE("churn: options that cannot be are named") {
    CHECK_THROWS_WITH_AS((void)heun(EDM(), {.steps = 3}, {.s_churn = -1}),
                         "heun: s_churn must be at least 0 and finite, got -1", std::invalid_argument);
    CHECK_THROWS_AS((void)euler(EDM(), {.steps = 3}, {.s_noise = -1}), std::invalid_argument);
    CHECK_THROWS_AS((void)euler(EDM(), {.steps = 3}, {.s_tmin = 2, .s_tmax = 1}), std::invalid_argument);
}

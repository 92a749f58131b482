#include <buffon/diffusion/table.hpp>

#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("table: counts what it costs") {
    const Table table = dpmpp(VP(), {.steps = 10}, {.order = 3});
    CHECK(table.evaluations() == 10);
    CHECK(table.steps() == 10);
    CHECK(table.operands() == 4);
    CHECK(table.slots == 4);
    CHECK(!table.has_noise());
    CHECK(ddim(VP(), {.steps = 4}, {.eta = 0.5}).has_noise());
}

TEST_CASE("table: a wrong weight, a wrong level and missing noise are violations") {
    const Table right = ddim(VP(), {.steps = 5}, {.eta = 1.0});
    CHECK(right.violation() <= 1e-15);
    for (const auto& spoil : {+[](Row& row) { row.terms[1].weight += 1e-9; }, +[](Row& row) { row.rho *= 1 + 1e-9; },
                              +[](Row& row) { row.noise *= 1 + 1e-6; }}) {
        Table wrong = right;
        spoil(wrong.rows[3]);
        CHECK(wrong.violation() > 1e-11);
    }
    Table weights_only = right;
    weights_only.rows[3].noise = 0;
    weights_only.promise = Promise::weights;
    CHECK(weights_only.violation() <= 1e-15);
}

TEST_CASE("table: prints its recipe and its rows as formulas") {
    const Table table = ddim(EDM(), {.grid = std::vector{4.0, 1.0, 0.0}});
    CHECK(table.text() ==
          "ddim(steps=2, grid=[4 ... 0], eta=0): 2 evaluations from noise level 4 to 0, 2 combinations of at most 2 "
          "values, 2 arrays");
    CHECK(table.formula() ==
          "D0 = denoise(x0)\nx1 = 0.25 x0 + 0.75 D0   [level 1]\nD1 = denoise(x1)\nx2 = 0 x1 + 1 D1   [level 0]\n");
    CHECK(ddim(VP(), {.steps = 2}, {.eta = 1.0}).text().ends_with(", random"));
}

TEST_CASE("table: from another level with the same solver and steps") {
    const Table table = dpmpp(EDM(), {.steps = 6, .grid = GridKind::rho}, {.order = 3});
    const Table from = table.from_level(5.0);
    CHECK(from.rho_start() == doctest::Approx(5.0).epsilon(1e-14));
    CHECK(from.nodes.rho.back() == table.nodes.rho.back());
    CHECK(from.steps() == 6);
    CHECK(from.options == table.options);
    CHECK(from.rows.size() == table.rows.size());
    CHECK_THROWS_AS(table.from_level(1e-4), std::invalid_argument);
    CHECK_THROWS_AS(table.from_level(HUGE_VAL), std::invalid_argument);
    CHECK_THROWS_AS(ddim(EDM(), {.grid = std::vector{4.0, 1.0}}).from_level(2.0), std::invalid_argument);
}

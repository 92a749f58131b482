#include <buffon/transport_search.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("transport search: ends when a check says so, with the masses as right as it says") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 6, 10'000'000, 0, {});
    const TransportSearch found = search_heights(draws, {.target_error = 0.01});
    CHECK(found.converged);
    CHECK(found.check.upper() <= 0.01);
    CHECK(line.error(found.heights) < 0.012);
    CHECK(draws.spent() < 5'000'000);
    CHECK(found.start_draws + found.step_draws < draws.spent());
}

TEST_CASE("transport search: without a target error the budget is spent, never exceeded") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 6, 2'000'000, 0, {});
    const TransportSearch found = search_heights(draws, {.target_error = 0.0});
    CHECK_FALSE(found.converged);
    CHECK(draws.spent() <= 2'002'048);   // 16 groups of whole blocks
    CHECK(draws.spent() > 1'900'000);
    CHECK(line.error(found.heights) < 0.01);
}

TEST_CASE("transport search: what a budget cannot reach is said not to have converged") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 6, 500'000, 0, {});
    const TransportSearch found = search_heights(draws, {.target_error = 1e-4});
    CHECK_FALSE(found.converged);
    CHECK(found.check.draws > 0);
    CHECK(draws.spent() <= 502'048);
}

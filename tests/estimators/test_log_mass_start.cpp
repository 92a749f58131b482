#include <buffon/log_mass_start.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include <buffon/mass_check.hpp>

using namespace buffon;

namespace {

Distribution standard(std::int64_t d) { return Joint(std::vector<Univariate>(static_cast<std::size_t>(d), Normal())); }

Matrix normal_points(std::int64_t n, std::int64_t d) {
    Matrix y(n, d);
    Stream{3, 0}.normal(0, y);
    return y;
}

}  // namespace

TEST_CASE("log-mass start: every cell of six hundred random points is filled, and the masses are roughly right") {
    const Matrix y = normal_points(600, 6);
    const std::vector<double> centre(6, 0.0);
    const PowerCells cells(y, centre, standard(6));
    TransportDraws draws(cells, std::vector<double>(600, 1 / 600.0), 1, 10'000'000, 0, {});
    std::vector<double> voronoi;
    for (std::int64_t i = 0; i < 600; ++i) {
        double square = 0.0;
        for (std::int64_t j = 0; j < 6; ++j) square += y(i, j) * y(i, j);
        voronoi.push_back(-0.5 * square);
    }
    const MassCheck before = mass_check(draws, voronoi, 200'000);
    const std::int64_t spent = draws.spent();
    const FirstHeights first = log_mass_start(draws);
    CHECK(draws.spent() - spent < 120 * 600);   // 8 batches of 8 a cell, and what scales and rescues take
    const MassCheck after = mass_check(draws, first.heights, 200'000);
    MESSAGE("L1 ", MassCheck::l1(before.chi_squared), " -> ", MassCheck::l1(after.chi_squared));
    CHECK(MassCheck::l1(after.chi_squared) < 0.75 * MassCheck::l1(before.chi_squared));
    CHECK(after.empty == 0);
}

TEST_CASE("log-mass start: a hidden cell is raised until it wins about one of 2 n rows, others stay") {
    const Matrix y = normal_points(100, 4);
    const PowerCells cells(y, std::vector<double>(4, 0.0), standard(4));
    TransportDraws draws(cells, std::vector<double>(100, 0.01), 1, 10'000'000, 1, {});
    std::vector<double> h(100, 0.0);
    h[7] = -30.0;
    const CellCounts found = draws.count(h, 1000);
    std::vector<double> raised = h;
    CHECK(rescue(draws, found, raised) >= 1);
    CHECK(raised[7] > h[7]);
    std::int64_t wins = 0, others = 0;
    for (const TopTwo& t : draws.top_two(raised, 20'000)) wins += t.first == 7;
    for (std::size_t i = 0; i < 100; ++i) others += raised[i] != h[i] && found.counts[i] > 0;
    CHECK(others == 0);
    CHECK(wins > 0);
    CHECK(wins < 1500);   // 1 of 200 rows: 100, but the least of 200 gaps varies
}

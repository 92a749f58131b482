#include <buffon/mass_check.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include <buffon/normal_functions.hpp>

#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("mass check: the distance is unbiased with honest standard errors, at the solution and away from it") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, line.source());
    for (const double moved : {0.0, 0.05}) {
        CAPTURE(moved);
        std::vector<double> h = line.heights;
        h[2] += moved;
        const double low = normal_quantile(0.4) - moved, high = normal_quantile(0.6) + moved;   // cell 2 grew on both sides
        const double gained = 0.4 - normal_cdf(low), lost = normal_cdf(high) - 0.6;
        const double truth = gained * gained / 0.3 + lost * lost / 0.25 + (gained + lost) * (gained + lost) / 0.2;
        double mean = 0.0, square = 0.0, claimed = 0.0;
        const int runs = 200;
        for (int run = 0; run < runs; ++run) {
            TransportDraws draws(cells, line.nu, static_cast<std::uint64_t>(run), 1 << 30, 1, {});
            const MassCheck check = mass_check(draws, h, 32 * 128);
            CHECK(check.draws == 32 * 128);
            mean += (check.chi_squared - truth) / runs;
            square += (check.chi_squared - truth) * (check.chi_squared - truth) / runs;
            claimed += check.std_error * check.std_error / runs;
            CHECK(std::accumulate(check.masses.begin(), check.masses.end(), 0.0) == doctest::Approx(1.0));
        }
        CHECK(std::abs(mean) < 5 * std::sqrt(square / runs));
        // a chi-square statistic's own variance varies: 200 of them to 15 %. At the solution the statistic is degenerate, and the
        // jackknife's variance twice too large
        CHECK(claimed / square > (moved == 0 ? 1.4 : 0.65));
        CHECK(claimed / square < (moved == 0 ? 3.0 : 1.5));
    }
}

TEST_CASE("mass check: the limit at a tolerance is what the number of draws was chosen for") {
    CHECK(check_draws(1797, 0.02) == 749'375);   // 5 sqrt(2 n) / tolerance^2
    CHECK(MassCheck::l1(-1.0) == 0.0);
    CHECK(MassCheck::l1(2e-4) == doctest::Approx(std::sqrt(4e-4 / 3.141592653589793)));
    MassCheck check;
    check.chi_squared = 1e-4;
    check.std_error = 1e-4;
    CHECK(check.upper() == doctest::Approx(MassCheck::l1(1e-4 + 1.6448536269514722e-4)));
}

TEST_CASE("mass check: groups without a draw in a cell say that it is empty") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, line.source());
    std::vector<double> h = line.heights;
    h[1] = -50;
    TransportDraws draws(cells, line.nu, 1, 1 << 30, 1, {});
    const MassCheck check = mass_check(draws, h, 10'000);
    CHECK(check.empty == 1);
    CHECK(check.masses[1] == 0.0);
    CHECK(draws.spent() == check.draws);
}

TEST_CASE(
    "mass check: the limits cover the truth as often as they say, for five cells, turned draws, at the solution and "
    "away from it") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    for (const double moved : {0.0, 0.02, 0.2}) {
        CAPTURE(moved);
        std::vector<double> h = line.heights;
        h[2] += moved;
        double truth = 0.0;
        const std::vector<double> masses = Line::masses(h);
        for (std::size_t k = 0; k < 5; ++k) truth += (masses[k] - line.nu[k]) * (masses[k] - line.nu[k]) / line.nu[k];
        int below = 0, above = 0;
        const int runs = 400;
        for (int run = 0; run < runs; ++run) {
            TransportDraws draws(cells, line.nu, static_cast<std::uint64_t>(run), 1 << 30, 1, {});
            const MassCheck check = mass_check(draws, h, 32 * 128);
            below += check.limit(0.975) > MassCheck::l1(truth) * (1 + 1e-9);
            above += check.limit(0.025) < MassCheck::l1(truth) * (1 - 1e-9);
        }
        MESSAGE("missed ", below, " and ", above, " of ", runs);   // 10 each expected
        CHECK(below < 26);
        CHECK(above < 26);
    }
}

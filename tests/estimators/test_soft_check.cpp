#include <buffon/soft_check.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include <buffon/soft_rows.hpp>

#include "entropic_line.hpp"

using namespace buffon;

TEST_CASE("soft check: the gradient of the log sums' mean is the soft masses") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    const auto at = [&](std::size_t k, double moved) {   // the same draws each time
        TransportDraws draws(cells, line.nu, 9, 1 << 30, 1, {});
        std::vector<double> h = line.heights;
        h[k] += moved;
        return soft_sums(draws, h, 0.4, 4096);
    };
    for (std::size_t k = 0; k < 5; ++k) {
        const double slope = (at(k, 0.01).log_sum - at(k, -0.01).log_sum) / 0.02;
        CHECK(slope == doctest::Approx(at(k, 0.0).masses[k]).epsilon(2e-3));   // float32 scores, second order
    }
}

TEST_CASE(
    "soft check: masses, scores and their errors are those of quadrature, and the limits cover, at the solution and "
    "away from it") {
    const EntropicLine exact(0.8);
    const PowerCells cells(exact.line.y, {0.0}, Line::source());
    for (const double moved : {0.0, 0.1}) {
        CAPTURE(moved);
        std::vector<double> h = exact.heights();
        h[2] += moved;
        const std::vector<double> masses = exact.masses(h);
        double truth = 0.0;
        for (std::size_t k = 0; k < 5; ++k)
            truth += (masses[k] - exact.line.nu[k]) * (masses[k] - exact.line.nu[k]) / exact.line.nu[k];
        const int runs = 400;
        int below = 0, above = 0;
        double mean = 0.0, square = 0.0, z = 0.0;
        for (int run = 0; run < runs; ++run) {
            TransportDraws draws(cells, exact.line.nu, static_cast<std::uint64_t>(run), 1 << 30, 1, {});
            const MassCheck check = soft_mass_check(draws, h, exact.width(), 4096);
            CHECK(check.draws == 4096);
            mean += (check.chi_squared - truth) / runs;
            square += (check.chi_squared - truth) * (check.chi_squared - truth) / runs;
            for (std::size_t k = 0; k < 5; ++k)
                z += std::pow((check.masses[k] - masses[k]) / check.mass_std_error[k], 2) / (5 * runs);
            below += check.limit(0.975) > MassCheck::l1(truth) * (1 + 1e-9);
            above += check.limit(0.025) < MassCheck::l1(truth) * (1 - 1e-9);
        }
        CHECK(std::abs(mean) < 5 * std::sqrt(square / runs));
        CHECK(z == doctest::Approx(1.0).epsilon(0.15));
        MESSAGE("missed ", below, " and ", above, " of ", runs);   // 10 each expected
        CHECK(below < 26);
        CHECK(above < 26);
    }
}

TEST_CASE("soft check: steps by the curvature are Newton's, factored or by its diagonal, with the noise of shares") {
    const EntropicLine exact(2.0);
    const PowerCells cells(exact.line.y, {0.0}, Line::source());
    TransportDraws draws(cells, exact.line.nu, 5, 1 << 30, 1, {});
    const SoftSteps steps = soft_precondition(draws, exact.heights(), exact.width());
    std::vector<double> h = exact.heights();
    const std::vector<double> off{0.02, -0.03, 0.0, 0.03, -0.02};
    for (std::size_t k = 0; k < 5; ++k) h[k] += off[k];
    const std::vector<double> w = exact.masses(h);
    std::vector<double> relative;
    for (std::size_t k = 0; k < 5; ++k) relative.push_back((exact.line.nu[k] - w[k]) / exact.line.nu[k]);
    std::vector<double> change = steps.precondition(relative, 1.0);
    draws.centre(change);
    std::vector<double> wanted = off;
    draws.centre(wanted);
    for (std::size_t k = 0; k < 5; ++k) CHECK(change[k] == doctest::Approx(-wanted[k]).epsilon(0.1).scale(0.0));   // its draws; second order
    const SoftCellSums sums = soft_sums(draws, exact.heights(), exact.width(), 100'000);
    double noise = 0.0;
    for (std::size_t k = 0; k < 5; ++k) {
        const double mass = sums.masses[k] / static_cast<double>(sums.draws);
        noise += (sums.squares[k] / static_cast<double>(sums.draws) - mass * mass) / exact.line.nu[k] / 4;
    }
    CHECK(steps.noise == doctest::Approx(noise).epsilon(0.05));
    CHECK(noise < 0.5);

    Matrix many(600, 3);   // beyond the factored size
    Stream{5, 9}.normal(0, many);
    const PowerCells more(many, {0.0, 0.0, 0.0}, Joint({Normal(), Normal(), Normal()}));
    TransportDraws of_many(more, std::vector<double>(600, 1.0 / 600), 5, 1 << 30, 0, {});
    std::vector<double> heights(600, 0.0);
    const SoftSteps diagonal = soft_precondition(of_many, heights, 1.0);
    const SoftCellSums found = soft_sums(of_many, heights, 1.0, 100'000);
    const std::vector<double> step = diagonal.precondition(std::vector<double>(600, 0.01), 1.0);
    for (const std::size_t k : {0, 100, 599}) {
        const double scale = found.masses[k] / (found.masses[k] - found.squares[k]);
        CHECK(step[k] == doctest::Approx(0.02 * scale).epsilon(0.05));
    }
}

TEST_CASE("soft check: shares are counted as draws are") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 5, 1 << 30, 1, {});
    const MeasuredMasses found = by_shares(draws, 0.5)(line.heights, 1000);
    CHECK(found.draws == 1008);   // whole blocks
    CHECK(draws.spent() == 1008);
    double total = 0.0;
    for (const double w : found.masses) total += w;
    CHECK(total == doctest::Approx(1.0));
}

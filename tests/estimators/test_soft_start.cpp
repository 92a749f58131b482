#include <buffon/soft_start.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <buffon/mass_check.hpp>

#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("soft start: soft masses are the mean softmax of the scores") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 4, 1'000'000, 1, {});
    const std::vector<double> found = soft_masses(draws, line.heights, 0.7, 1600);
    Matrix x(1600, 1);
    Stream{4, 0}.normal(0, View(x).slice(0, 1024));   // rounds of 1,024 rows
    Stream{4, 1}.normal(0, View(x).slice(1024, 576));
    std::vector<double> wanted(5, 0.0);
    for (const double v : x.data) {
        double total = 0.0;
        std::vector<double> e;
        for (std::size_t k = 0; k < 5; ++k) e.push_back(std::exp((v * line.y.data[k] + line.heights[k]) / 0.7));
        for (const double w : e) total += w;
        for (std::size_t k = 0; k < 5; ++k) wanted[k] += e[k] / total / 1600;
    }
    for (std::size_t k = 0; k < 5; ++k) CHECK(found[k] == doctest::Approx(wanted[k]).epsilon(1e-5));
}

TEST_CASE("soft start: tight clusters far apart get their masses, however unequal") {
    Matrix y(40, 2);
    Stream{8, 0}.normal(0, y);
    std::vector<double> nu, centre(2, 0.0);
    for (std::int64_t i = 0; i < 40; ++i) {
        y(i, 0) = 0.01 * y(i, 0) + (i < 30 ? -3.0 : 5.0);
        y(i, 1) = 0.01 * y(i, 1);
        nu.push_back((i < 30 ? 0.2 / 30 : 0.8 / 10));
        for (std::int64_t j = 0; j < 2; ++j) centre[static_cast<std::size_t>(j)] += nu.back() * y(i, j);
    }
    const PowerCells cells(y, centre, Joint({Uniform(0, 1), Uniform(0, 1)}));
    TransportDraws draws(cells, nu, 1, 10'000'000, 0, {});
    const std::vector<double> heights = soft_start(draws);
    const MassCheck check = mass_check(draws, heights, 200'000);
    CHECK(check.empty == 0);
    CHECK(MassCheck::l1(check.chi_squared) < 0.25);
}

TEST_CASE("soft start: the median gap is that of the definition") {
    Matrix y(2, 1);
    y(1, 0) = 1.0;
    const PowerCells cells(y, {0.0}, Line::source());
    TransportDraws draws(cells, {0.5, 0.5}, 3, 1'000'000, 1, {});
    CHECK(median_gap(draws, std::vector<double>{0.0, 0.0}) == doctest::Approx(0.6745).epsilon(0.15));   // of |x|
}

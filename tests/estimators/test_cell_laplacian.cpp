#include <buffon/cell_laplacian.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("cell Laplacian: on a line its step is Newton's, with the density at the cuts over the targets' distance") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 2, 10'000'000, 1, {});
    const Precondition step = laplacian(draws, line.heights);
    const std::vector<double> moved{0.3, -0.1, 0.2, 0.0, -0.4};
    std::vector<double> relative(5, 0.0);   // of L moved
    for (std::size_t k = 0; k + 1 < 5; ++k) {
        const double cut = line.heights[k] - line.heights[k + 1],
                     density = std::exp(-0.5 * cut * cut) / std::sqrt(2 * std::numbers::pi);
        relative[k] += density * (moved[k] - moved[k + 1]) / line.nu[k];
        relative[k + 1] += density * (moved[k + 1] - moved[k]) / line.nu[k + 1];
    }
    const std::vector<double> found = step(relative, 0.5);
    for (std::size_t k = 1; k < 5; ++k)   // differences: constants are the kernel. 65,536 draws tell a facet to a few percent
        CHECK(found[k] - found[0] == doctest::Approx(0.5 * (moved[k] - moved[0])).epsilon(0.1));
}

TEST_CASE("cell Laplacian: beyond two thousand targets conjugate gradients give a step as well") {
    const std::int64_t n = 2100;
    Matrix y(n, 1);
    std::vector<double> h{0.0};
    for (std::int64_t i = 0; i < n; ++i) y(i, 0) = static_cast<double>(i) - (n - 1) / 2.0;
    for (std::int64_t i = 1; i < n; ++i) h.push_back(h.back() - normal_quantile(static_cast<double>(i) / n));
    const PowerCells cells(y, {0.0}, Line::source());
    TransportDraws draws(cells, std::vector<double>(static_cast<std::size_t>(n), 1.0 / n), 2, 100'000'000, 0, {});
    draws.centre(h);
    const Precondition step = laplacian(draws, h);
    std::vector<double> relative(static_cast<std::size_t>(n), 0.0);
    relative[1000] = 1.0;
    relative[1100] = -1.0;
    const std::vector<double> found = step(relative, 1.0);
    double sum = 0.0;
    for (std::size_t i = 1000; i < 1100; ++i) {   // all mass that moves passes every cut between the two
        const double cut = h[i] - h[i + 1];
        sum += std::sqrt(2 * std::numbers::pi) * std::exp(0.5 * cut * cut) / n;
    }
    CHECK(found[1000] - found[1100] == doctest::Approx(sum).epsilon(0.25));
}

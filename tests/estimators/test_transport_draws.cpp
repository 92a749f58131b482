#include <buffon/transport_draws.hpp>

#include <doctest/doctest.h>

#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("transport draws: every batch is fresh, counted and announced") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    std::vector<std::int64_t> told;
    TransportDraws draws(cells, line.nu, 3, 1'000'000, 1, [&](std::int64_t n) { told.push_back(n); });
    const CellCounts a = draws.count(line.heights, 1000), b = draws.count(line.heights, 1000);
    CHECK(a.counts != b.counts);
    CHECK(a.draws == 1024);   // whole blocks
    const std::vector<TopTwo> top = draws.top_two(line.heights, 100);
    CHECK(top.size() == 112);
    CHECK(draws.spent() == 2048 + 112);
    CHECK(draws.left() == 1'000'000 - draws.spent());
    CHECK(told == std::vector<std::int64_t>{0, 1024, 2048});
    CHECK(draws.filling() == 80);   // 8 over the smallest mass, 0.1
}

TEST_CASE("transport draws: heights are centred by the masses") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    const TransportDraws draws(cells, line.nu, 3, 1'000'000, 1, {});
    std::vector<double> h{1, 2, 3, 4, 5};
    draws.centre(h);
    double mean = 0.0;
    for (std::size_t i = 0; i < 5; ++i) mean += line.nu[i] * h[i];
    CHECK(std::abs(mean) < 1e-15);
    CHECK(h[4] - h[0] == doctest::Approx(4.0));
}

TEST_CASE("transport draws: the scale of a cell is its mean gap, drawn towards that of all") {
    Matrix y(2, 1);
    y(1, 0) = 1.0;
    const PowerCells cells(y, {0.0}, Line::source());
    TransportDraws draws(cells, {0.5, 0.5}, 3, 1'000'000, 1, {});
    const std::vector<double> s =
        gap_scales(draws, std::vector<double>{0.0, 0.0});   // the gap is |x|: 4 of 16 + 4 draws know nothing
    CHECK(s[0] == doctest::Approx(std::sqrt(2 / 3.14159265)).epsilon(0.4));
    const std::vector<double> far = gap_scales(draws, std::vector<double>{20.0, 0.0});
    CHECK(far[0] == doctest::Approx(20.0).epsilon(0.1));
    CHECK(far[1] == doctest::Approx(far[0]).epsilon(1e-12));   // no draw of its own
}

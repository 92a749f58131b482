#include <buffon/soft_rows.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("soft rows: shares and log sum are those of the definition, and far scores have none") {
    const std::vector<float> scores{1.0f, -2.0f, 1.5f, -400.0f, 0.25f};
    const double width = 0.5;
    std::vector<double> p(5);
    std::vector<std::size_t> kept(5);
    const SoftRow row = soft_row(scores, width, p, kept);
    double total = 0.0;
    for (const float s : scores) total += std::exp(static_cast<double>(s) / width);
    CHECK(row.size == 4);
    CHECK(std::vector<std::size_t>(kept.begin(), kept.begin() + 4) == std::vector<std::size_t>{0, 1, 2, 4});
    CHECK(row.best == 1.5);
    CHECK(row.log_sum == doctest::Approx(width * std::log(total)));
    for (std::size_t k = 0; k < row.size; ++k)
        CHECK(p[k] == doctest::Approx(std::exp(static_cast<double>(scores[kept[k]]) / width) / total));
}

TEST_CASE(
    "soft rows: sums are those of the definition over the same draws, on any number of threads, and products have the "
    "masses' sums") {
    const Line line;
    const PowerCells cells(line.y, {0.0}, Line::source());
    TransportDraws draws(cells, line.nu, 4, 1'000'000, 1, {}), many(cells, line.nu, 4, 1'000'000, 3, {});
    const SoftCellSums found = soft_sums(draws, line.heights, 0.7, 1600), same = soft_sums(many, line.heights, 0.7, 1600);
    CHECK(found.draws == 1600);
    CHECK(found.masses == same.masses);
    CHECK(found.squares == same.squares);
    CHECK(found.log_sum == same.log_sum);
    Matrix x(1600, 1);
    Stream{4, 0}.normal(0, View(x).slice(0, 1024));   // rounds of 1,024 rows
    Stream{4, 1}.normal(0, View(x).slice(1024, 576));
    std::vector<double> masses(5, 0.0), squares(5, 0.0);
    double log_sum = 0.0, shared = 0.0, best = 0.0;
    for (const double v : x.data) {
        std::vector<double> s, e;
        double total = 0.0;
        for (std::size_t k = 0; k < 5; ++k) {
            s.push_back(v * line.y.data[k] + line.heights[k]);
            e.push_back(std::exp(s[k] / 0.7));
            total += e[k];
        }
        for (std::size_t k = 0; k < 5; ++k) {
            masses[k] += e[k] / total;
            squares[k] += e[k] / total * e[k] / total;
            shared += e[k] / total * s[k];
        }
        log_sum += 0.7 * std::log(total);
        best += *std::ranges::max_element(s);
    }
    for (std::size_t k = 0; k < 5; ++k) {
        CHECK(found.masses[k] == doctest::Approx(masses[k]).epsilon(1e-5));   // scores are float32
        CHECK(found.squares[k] == doctest::Approx(squares[k]).epsilon(1e-5));
    }
    CHECK(found.log_sum == doctest::Approx(log_sum).epsilon(1e-5));
    CHECK(found.shared == doctest::Approx(shared).epsilon(1e-5));
    CHECK(found.best == doctest::Approx(best).epsilon(1e-5));

    TransportDraws again(cells, line.nu, 4, 1'000'000, 1, {});
    const Matrix products = soft_products(again, line.heights, 0.7, 1600);
    for (std::int64_t i = 0; i < 5; ++i) {
        double sum = 0.0;
        for (std::int64_t j = 0; j < 5; ++j) sum += products(i, j);
        CHECK(sum == doctest::Approx(found.masses[static_cast<std::size_t>(i)] / 1600));
        CHECK(products(i, i) == doctest::Approx(found.squares[static_cast<std::size_t>(i)] / 1600));
    }
}

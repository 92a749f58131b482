#include <buffon/cost_lines.hpp>

#include <doctest/doctest.h>

#include "assignments.hpp"

using namespace buffon;

namespace {

/// All lines, and `cost`, say what the table says, the shorter side first.
void check_lines(const CostLines& lines, const Matrix& table) {
    const Matrix expected = lines.swapped() ? assignments::transposed(table) : table;
    REQUIRE(lines.lines() == expected.rows);
    REQUIRE(lines.columns() == expected.cols);
    for (std::int64_t i = 0; i < expected.rows; ++i) {
        const double* line = lines.line(i);
        for (std::int64_t j = 0; j < expected.cols; ++j) {
            CHECK(line[j] == expected(i, j));
            CHECK(lines.cost(i, j) == expected(i, j));
        }
    }
}

}  // namespace

TEST_CASE("cost lines: rows, columns, strides and float32 give the same lines") {
    for (const auto& [rows, cols] : {std::pair{5, 40}, {40, 5}, {33, 70}, {9, 9}, {1, 6}, {6, 1}}) {
        CAPTURE(rows);
        CAPTURE(cols);
        const Matrix c = assignments::uniform(rows, cols, 1), t = assignments::transposed(c);
        const CostLines plain(Costs::of(c.data.data(), rows, cols));
        CHECK(plain.swapped() == (rows > cols));
        check_lines(plain, c);
        check_lines(CostLines({.wide = t.data.data(), .rows = rows, .cols = cols, .row_stride = 1, .col_stride = rows}), c);

        Matrix every_second(2 * rows, 3 * cols, 99.0);
        for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < cols; ++j) every_second(2 * i, 3 * j) = c(i, j);
        check_lines(CostLines({.wide = every_second.data.data(),
                               .rows = rows,
                               .cols = cols,
                               .row_stride = 6 * cols,
                               .col_stride = 3}),
                    c);

        const std::vector<float> single(c.data.begin(), c.data.end());
        Matrix rounded = c;
        rounded.data.assign(single.begin(), single.end());
        check_lines(CostLines(Costs::of(single.data(), rows, cols)), rounded);
    }
}

TEST_CASE("cost lines: distances of points, stored or not, and lines of zeros beyond the real ones") {
    for (const std::int64_t d : {1, 3, 9})
        for (const bool root : {false, true}) {
            const Matrix x = assignments::uniform(20, d, 2), y = assignments::uniform(20, d, 3);
            Matrix c(20, 20);
            for (std::int64_t i = 0; i < 20; ++i)
                for (std::int64_t j = 0; j < 20; ++j) {
                    for (std::int64_t k = 0; k < d; ++k) c(i, j) += (x(i, k) - y(j, k)) * (x(i, k) - y(j, k));
                    if (root) c(i, j) = std::sqrt(c(i, j));
                }
            check_lines(CostLines(x, y, root), c);
        }
    const Matrix c = assignments::uniform(3, 5, 4);
    CostLines lines(Costs::of(c.data.data(), 3, 5));
    lines.fill_up();
    CHECK(lines.lines() == 5);
    CHECK(lines.real_lines() == 3);
    for (std::int64_t j = 0; j < 5; ++j)
        CHECK((lines.line(4)[j] == 0.0 && lines.cost(3, j) == 0.0 && lines.line(2)[j] == c(2, j)));
}

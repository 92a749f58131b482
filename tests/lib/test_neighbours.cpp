#include <algorithm>

#include <doctest/doctest.h>

#include <buffon/metric_kernels.hpp>
#include <buffon/neighbours.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key) {
    Matrix x(n, d);
    Stream{key, 3}.normal(0, x.view());
    return x;
}

double square(const Matrix& x, std::int64_t i, const Matrix& y, std::int64_t j) {
    double sum = 0;
    for (std::int64_t k = 0; k < x.cols; ++k) sum += (x(i, k) - y(j, k)) * (x(i, k) - y(j, k));
    return sum;
}

}  // namespace

TEST_CASE("nearest_neighbours: those that sorting all distances gives") {
    for (const std::int64_t n : {9, 64, 65, 300}) {
        const Matrix x = normal(n, 3, 1);
        const Neighbours found = nearest_neighbours(x, 4, 1);
        for (std::int64_t i = 0; i < n; ++i) {
            std::vector<std::pair<double, std::int64_t>> all;
            for (std::int64_t j = 0; j < n; ++j)
                if (j != i) all.emplace_back(square(x, i, x, j), j);
            std::ranges::sort(all);
            for (std::int64_t r = 0; r < 4; ++r) {
                CHECK(found.index[static_cast<std::size_t>(i * 4 + r)] == all[static_cast<std::size_t>(r)].second);
                CHECK(found.squares(i, r) == doctest::Approx(all[static_cast<std::size_t>(r)].first).epsilon(1e-11));
            }
        }
    }
}

TEST_CASE("nearest_neighbours: equal points are at distance 0, the lower row first") {
    Matrix x(150, 2);
    for (std::int64_t i = 0; i < 150; ++i) x(i, 0) = static_cast<double>(i % 3), x(i, 1) = 0.1;
    for (const int threads : {1, 3}) {
        const Neighbours found = nearest_neighbours(x, 2, threads);
        for (std::int64_t i = 0; i < 150; ++i) {
            CHECK(found.squares(i, 1) == 0.0);
            CHECK(found.index[static_cast<std::size_t>(2 * i)] == (i < 3 ? i + 3 : i % 3));
            CHECK(found.index[static_cast<std::size_t>(2 * i + 1)] == (i < 6 ? (i < 3 ? i + 6 : i % 3 + 6) : i % 3 + 3));
        }
    }
}

TEST_CASE("close_pairs: all pairs within the radius of either point, and no others") {
    const Matrix x = normal(130, 5, 1), y = normal(77, 5, 2);
    std::vector<double> around_x, around_y;
    for (std::int64_t i = 0; i < 130; ++i) around_x.push_back(0.02 * static_cast<double>(i));
    for (std::int64_t j = 0; j < 77; ++j) around_y.push_back(j % 2 == 0 ? 5.0 : 0.0);
    for (const int threads : {1, 2}) {
        std::vector<std::pair<std::int64_t, std::int64_t>> found, expected;
        std::int64_t told = 0;
        for_close_pairs(x, y, around_x, around_y, [&](std::span<const ClosePair> pairs) {
            for (const ClosePair& p : pairs) {
                found.emplace_back(p.row, p.key);
                CHECK(p.square == doctest::Approx(square(x, p.row, y, p.key)).epsilon(1e-11));
            }
        }, threads, [&](std::int64_t n) { told = n; });
        for (std::int64_t i = 0; i < 130; ++i)
            for (std::int64_t j = 0; j < 77; ++j)
                if (square(x, i, y, j) <
                    std::max(around_x[static_cast<std::size_t>(i)], around_y[static_cast<std::size_t>(j)]))
                    expected.emplace_back(i, j);
        std::ranges::sort(found);
        CHECK(found == expected);
        CHECK(told == 130 * 77);
    }
}

TEST_CASE("nearest_neighbours: the same bits for any number of threads") {
    const Matrix x = normal(700, 6, 3);
    std::int64_t told = 0;
    const Neighbours one = nearest_neighbours(x, 5, 1, [&](std::int64_t n) { told = n; }), four = nearest_neighbours(x, 5, 4);
    CHECK(told == 700 * 700);
    CHECK(one.squares.data == four.squares.data);
    CHECK(one.index == four.index);
}

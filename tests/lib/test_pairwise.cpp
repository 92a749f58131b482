#include <cmath>

#include <doctest/doctest.h>

#include <buffon/kernels.hpp>
#include <buffon/pairwise.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key) {
    Matrix x(n, d);
    Stream{key, 3}.uniform(0, x.view());
    for (double& v : x.data) v = 4 * v - 2;
    return x;
}

double by_hand(PairFunction f, double scale, ConstView a, ConstView b, std::int64_t i, std::int64_t j) {
    double square = 0, product = 0;
    for (std::int64_t k = 0; k < a.cols; ++k) {
        square += (a(i, k) - b(j, k)) * (a(i, k) - b(j, k));
        product += a(i, k) * b(j, k);
    }
    if (f == PairFunction::gaussian) return std::exp(-scale * square);
    return f == PairFunction::distance ? std::sqrt(square) : std::pow(scale * product + 1, 3);
}

}  // namespace

TEST_CASE("pair_sums: what two loops give, for awkward sizes") {
    for (const PairFunction f : {PairFunction::gaussian, PairFunction::distance, PairFunction::cubic})
        for (const auto [n, m, d] :
             {std::array<std::int64_t, 3>{1, 1, 1}, {3, 17, 2}, {64, 16, 5}, {65, 1030, 3}, {200, 131, 19}}) {
            CAPTURE(n);
            const Matrix x = normal(n, d, 1), y = normal(m, d, 2);
            const KernelSums cross = pair_sums(f, 0.3, x, y), within = pair_sums(f, 0.3, x);
            double squares = 0, own_squares = 0;
            std::vector<double> columns(static_cast<std::size_t>(m), 0.0);
            for (std::int64_t i = 0; i < n; ++i) {
                double row = 0, own = 0;
                for (std::int64_t j = 0; j < m; ++j) {
                    const double v = by_hand(f, 0.3, x, y, i, j);
                    row += v;
                    columns[static_cast<std::size_t>(j)] += v;
                    squares += v * v;
                }
                for (std::int64_t j = 0; j < n; ++j) {
                    if (j == i) continue;
                    const double v = by_hand(f, 0.3, x, x, i, j);
                    own += v;
                    own_squares += v * v;
                }
                CHECK(cross.rows[static_cast<std::size_t>(i)] == doctest::Approx(row).epsilon(1e-12));
                CHECK(within.rows[static_cast<std::size_t>(i)] == doctest::Approx(own).epsilon(1e-12));
            }
            for (std::size_t j = 0; j < columns.size(); ++j)
                CHECK(cross.columns[j] == doctest::Approx(columns[j]).epsilon(1e-12));
            CHECK(cross.squares == doctest::Approx(squares).epsilon(1e-12));
            CHECK(within.squares == doctest::Approx(own_squares).epsilon(1e-12));
        }
}

TEST_CASE("pair_sums: the same bits for any number of threads and instruction set") {
    const Matrix x = normal(3000, 7, 1), y = normal(700, 7, 2);
    const KernelSums one = pair_sums(PairFunction::distance, 0, x, y, 1), two = pair_sums(PairFunction::distance, 0, x, y, 2);
    CHECK(one.rows == two.rows);
    CHECK(one.columns == two.columns);
    CHECK(one.squares == two.squares);
    CHECK(pair_sums(PairFunction::gaussian, 0.1, x, 1).rows == pair_sums(PairFunction::gaussian, 0.1, x, 2).rows);
    const std::vector<double> panels(static_cast<std::size_t>(5 * 48), 0.25);
    std::vector<double> block(static_cast<std::size_t>(pair_rows * 5));
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = std::sin(static_cast<double>(i));
    std::vector<std::vector<double>> found;
    for (const Kernels* k : available_kernels())
        for (const int f : {pair_gaussian, pair_distance, pair_cubic}) {
            std::vector<double> sums(static_cast<std::size_t>(pair_rows + 48 + 1), 0.0);
            k->pair_sums({f, 0.3, block.data(), 61, 5, panels.data(), 41, true, sums.data(), sums.data() + pair_rows,
                          sums.data() + pair_rows + 48});
            found.push_back(sums);
        }
    for (std::size_t i = 3; i < found.size(); ++i) CHECK(found[i] == found[i % 3]);
}

TEST_CASE("pair_sums: progress counts all pairs") {
    const Matrix x = normal(150, 2, 1);
    std::int64_t last = 0;
    pair_sums(PairFunction::distance, 0, x, 1, [&](std::int64_t n) { last = n; });
    CHECK(last == 150 * 150);
}

#include <buffon/symmetric.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/metric_kernels.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key) {
    Matrix x(n, d);
    Stream{key, 3}.normal(0, x.view());
    return x;
}

double dot(const Matrix& a, std::int64_t i, const Matrix& b, std::int64_t j) {
    double sum = 0;
    for (std::int64_t k = 0; k < a.cols; ++k) sum += a(i, k) * b(j, k);
    return sum;
}

}  // namespace

TEST_CASE("add_row_products: products, of parts, at any size") {
    for (const std::int64_t k : {3, 192, 400})
        for (const std::int64_t n : {1, 15, 130}) {
            Matrix a = normal(n, k, 1), b = normal(70, k, 2), c(n + 2, 80, 1.0);
            add_row_products(-1.0, part_of(a), part_of(b), part_of(c, 1, 5, n, 70), false, 2);
            for (std::int64_t i = 0; i < n; ++i)
                for (std::int64_t j = 0; j < 70; j += 3)
                    CHECK(c(i + 1, j + 5) == doctest::Approx(1 - dot(a, i, b, j)).epsilon(1e-12));
            CHECK(c(0, 7) == 1.0);
            CHECK(c(1, 4) == 1.0);
            CHECK(c(1, 75) == 1.0);
        }
}

TEST_CASE("pivoted_cholesky: L L' is the matrix, at full rank and below") {
    for (const std::int64_t rank : {90, 37}) {
        Matrix x = normal(90, rank, 1), s(90, 90);
        add_row_products(1.0, part_of(x), part_of(x), part_of(s), true);
        complete(s);
        const PivotedCholesky c = pivoted_cholesky(s);
        CHECK(c.factor.cols == rank);
        for (std::int64_t i = 0; i < 90; ++i)
            for (std::int64_t j = 0; j <= i; j += 7)
                CHECK(std::abs(dot(c.factor, i, c.factor, j) -
                               s(c.order[static_cast<std::size_t>(i)], c.order[static_cast<std::size_t>(j)])) < 1e-11);
        for (std::int64_t i = 0; i < rank; ++i)
            for (std::int64_t j = i + 1; j < rank; ++j) CHECK(c.factor(i, j) == 0.0);
    }
}

TEST_CASE("tridiagonal: the eigenvalues of a matrix that is known, and its forms") {
    for (const std::int64_t d : {1, 2, 31, 100}) {
        Matrix s(d, d);   // min(i, j) + 1: inverse of a tridiagonal matrix, eigenvalues 1 / (2 - 2 cos((2 k + 1) pi / (2 d + 1)))
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < d; ++j) s(i, j) = static_cast<double>(std::min(i, j) + 1);
        const Tridiagonal t = tridiagonal(s);
        const std::vector<double> found = t.eigenvalues();
        for (std::int64_t k = 0; k < d; ++k)
            CHECK(found[static_cast<std::size_t>(d - 1 - k)] ==
                  doctest::Approx(1 / (2 - 2 * std::cos((2.0 * static_cast<double>(k) + 1) * std::acos(-1.0) /
                                                        (2.0 * static_cast<double>(d) + 1))))
                      .epsilon(1e-10));
        const Matrix z = normal(3, d, 4);
        Matrix turned = z;
        t.turn(turned);
        for (std::int64_t r = 0; r < 3; ++r) {
            double before = 0, after = 0;
            for (std::int64_t i = 0; i < d; ++i) {
                for (std::int64_t j = 0; j < d; ++j) before += z(r, i) * s(i, j) * z(r, j);
                after += t.diagonal[static_cast<std::size_t>(i)] * turned(r, i) * turned(r, i);
                if (i + 1 < d) after += 2 * t.beside[static_cast<std::size_t>(i)] * turned(r, i) * turned(r, i + 1);
            }
            CHECK(after == doctest::Approx(before).epsilon(1e-11));
        }
    }
}

TEST_CASE("tridiagonal: the same bits for any number of threads; kernels agree at every instruction set") {
    Matrix x = normal(150, 200, 1), s(150, 150);
    add_row_products(1.0, part_of(x), part_of(x), part_of(s), true, 1);
    CHECK(tridiagonal(s, 1).diagonal == tridiagonal(s, 3).diagonal);
    complete(s);
    std::vector<std::vector<double>> found;
    for (const Kernels* level : available_kernels()) {
        std::vector<double> y(150, 0.5);
        metric_kernels(*level).symmetric_product(s.data.data(), 150, 150, x.data.data(), y.data());
        double sum = 0.5;
        for (std::int64_t j = 0; j < 150; ++j) sum += s(77, j) * x.data[static_cast<std::size_t>(j)];
        CHECK(y[77] == doctest::Approx(sum).epsilon(1e-11));
        std::vector<double> rows(64 * 20), panels(2 * 16 * 20), c(64 * 32, 1.0);
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = std::sin(static_cast<double>(i));
        for (std::size_t i = 0; i < panels.size(); ++i) panels[i] = std::cos(static_cast<double>(i));
        metric_kernels(*level).row_products({rows.data(), panels.data(), 61, 27, 20, -1.0, c.data(), 32});
        y.insert(y.end(), c.begin(), c.end());
        found.push_back(y);
    }
    for (const auto& other : found) CHECK(other == found[0]);
}

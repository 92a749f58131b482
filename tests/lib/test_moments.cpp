#include <buffon/moments.hpp>

#include <buffon/stream.hpp>
#include <buffon/sums.hpp>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace buffon;

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const RowMajor> eigen(const Matrix& m) { return {m.data.data(), m.rows, m.cols}; }

/// Uniform columns, far from 0: means square to 1e12 times the variances.
Matrix table(std::int64_t n, std::int64_t m) {
    Matrix y(n, m);
    Stream{3, 0}.uniform(0, y);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < m; ++j) y(i, j) = (y(i, j) + (j > 0 ? 0.3 * y(i, 0) : 0.0)) + (j % 2 == 0 ? 1e6 : -3.0);
    return y;
}

void check_two_pass(const Moments& found, const Matrix& y) {
    const RowMajor mean = eigen(y).colwise().mean();
    const RowMajor centred = eigen(y).rowwise() - mean.row(0);
    CHECK(found.n == y.rows);
    for (std::int64_t j = 0; j < y.cols; ++j)
        CHECK(found.mean[static_cast<std::size_t>(j)] == doctest::Approx(mean(0, j)).epsilon(1e-14));
    // A mean of 1e6 is known to 1e-10, so the scatter (about n / 12) has a relative error of at most 1e-10.
    CHECK((eigen(found.scatter) - centred.transpose() * centred).cwiseAbs().maxCoeff() < 1e-10 * static_cast<double>(y.rows));
}

}  // namespace

TEST_CASE("moments of a block are those of two passes, far from 0 too") {
    for (const std::int64_t n : {1, 2, 7, 8, 9, 5000}) check_two_pass(Moments(table(n, 4)), table(n, 4));
}

TEST_CASE("merged blocks have the moments of the whole table, wherever it is cut") {
    const Matrix y = table(1000, 3);
    for (const std::vector<std::int64_t>& cuts :
         {std::vector<std::int64_t>{1, 1000}, {999, 1000}, {0, 500, 500, 1000}, {1, 2, 3, 700, 1000}}) {
        Moments total;
        std::int64_t first = 0;
        for (const std::int64_t end : cuts) {
            total.merge(Moments(y.view().slice(first, end - first)));
            first = end;
        }
        check_two_pass(total, y);
    }
}

TEST_CASE("merging is symmetric up to rounding, and nothing merges as nothing") {
    const Matrix y = table(300, 2);
    const Moments a(y.view().slice(0, 90)), b(y.view().slice(90, 210));
    Moments ab = a, ba = b;
    ab.merge(b);
    ba.merge(a);
    CHECK((eigen(ab.scatter) - eigen(ba.scatter)).cwiseAbs().maxCoeff() < 1e-7);
    Moments same = a;
    same.merge(Moments());
    CHECK(same.scatter.data == a.scatter.data);
    CHECK(same.n == a.n);
    Moments fresh;
    fresh.merge(a);
    CHECK(fresh.mean == a.mean);
    CHECK(fresh.scatter.data == a.scatter.data);
}

TEST_CASE("covariance has the divisor n - 1 and needs two rows") {
    Matrix y(3, 2);
    y.data = {1, 10, 2, 30, 6, 20};   // by hand: variances 7 and 100, covariance 5
    const Matrix c = Moments(y).covariance();
    CHECK(c(0, 0) == doctest::Approx(7.0).epsilon(1e-14));
    CHECK(c(1, 1) == doctest::Approx(100.0).epsilon(1e-14));
    CHECK(c(0, 1) == doctest::Approx(5.0).epsilon(1e-14));
    CHECK(c(1, 0) == c(0, 1));
    CHECK_THROWS_WITH_AS(Moments(y.view().slice(0, 1)).covariance(),
                         "Moments: a covariance needs at least 2 rows, got 1", std::invalid_argument);
    CHECK_THROWS_AS(Moments().covariance(), std::invalid_argument);
}

TEST_CASE("moments by columns are, bit for bit, those of the rows; the means are subtracted") {
    for (const std::int64_t n : {1, 2, 7, 8, 9, 4096, 5000}) {
        const Matrix y = table(n, 3);
        std::vector<double> columns(static_cast<std::size_t>(3 * (n + 5)), 7.0);
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < 3; ++j) columns[static_cast<std::size_t>(j * (n + 5) + i)] = y(i, j);
        const Moments rows(y), found = Moments::of_columns({columns.data(), n, 3, n + 5});
        CHECK(found.n == n);
        CHECK(found.mean == rows.mean);
        CHECK(found.scatter.data == rows.scatter.data);
        for (std::int64_t j = 0; j < 3; ++j) {
            CHECK(columns[static_cast<std::size_t>(j * (n + 5))] == y(0, j) - rows.mean[static_cast<std::size_t>(j)]);
            CHECK(columns[static_cast<std::size_t>(j * (n + 5) + n)] == 7.0);
        }
    }
}

TEST_CASE("the order of the sums of a block is part of the bits: eight lanes, pairwise") {
    const Matrix y = table(1003, 2);
    const Moments found(y);
    std::vector<double> gap[2];
    for (std::int64_t j = 0; j < 2; ++j) {
        const double mean = sum_of(y.rows, [&](std::int64_t i) { return y(i, j); }) / 1003;
        CHECK(found.mean[static_cast<std::size_t>(j)] == mean);
        for (std::int64_t i = 0; i < y.rows; ++i) gap[j].push_back(y(i, j) - mean);
    }
    for (std::int64_t j = 0; j < 2; ++j)
        for (std::int64_t k = 0; k < 2; ++k) CHECK(found.scatter(j, k) == dot(gap[j].data(), gap[k].data(), 1003));
}

TEST_CASE("excess kurtosis: Fisher's G2 of a small table, 0 where there is nothing to say") {
    Matrix y(5, 2);
    y.data = {1, 7, 2, 7, 3, 7, 4, 7, 10, 7};
    // deviations from 4: -3 -2 -1 0 6, second moment 10, fourth 278.8; G2 = 4 / (3 2) (6 (2.788 - 3) + 6)
    CHECK(excess_kurtosis(y)[0] == doctest::Approx(4.0 / 6 * (6 * (2.788 - 3) + 6)).epsilon(1e-14));
    CHECK(excess_kurtosis(y)[1] == 0);
    CHECK(excess_kurtosis(y.view().slice(0, 3)) == std::vector{0.0, 0.0});
    for (double& v : y.data) v *= 1e-170;   // squares underflow
    CHECK(excess_kurtosis(y)[0] == doctest::Approx(4.0 / 6 * (6 * (2.788 - 3) + 6)).epsilon(1e-12));
}

TEST_CASE("excess kurtosis of an event is 1 / (p (1 - p)) - 6") {
    Matrix y(100'000, 1);
    for (std::int64_t i = 0; i < 1000; ++i) y(97 * i, 0) = 1;
    CHECK(excess_kurtosis(y)[0] ==
          doctest::Approx(1 / (0.01 * 0.99) - 6).epsilon(1e-3));   // of a population: terms of order 1 / (n p)
}

#include <buffon/linalg.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

#include <Eigen/Dense>
#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

RowMajor eigen(const Matrix& m) { return Eigen::Map<const RowMajor>(m.data.data(), m.rows, m.cols); }

/// A A' + I / 10 of random numbers.
Matrix positive(std::int64_t d) {
    RowMajor a(d, d);
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < d; ++j) a(i, j) = Stream{5, 0}.uniform(i, j) - 0.5;
    const RowMajor s = a * a.transpose() + 0.1 * RowMajor::Identity(d, d);
    Matrix m(d, d);
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < d; ++j) m(i, j) = s(std::max(i, j), std::min(i, j));
    return m;
}

}  // namespace

TEST_CASE("linalg: the factor is Eigen's") {
    for (const std::int64_t d : {1, 2, 7, 40}) {
        const Matrix s = positive(d);
        const RowMajor l = eigen(s).llt().matrixL();
        CHECK((eigen(cholesky(s, "test", "s")) - l).cwiseAbs().maxCoeff() < 1e-13);   // entries of order 1
        CHECK(log_determinant(cholesky(s, "test", "s")) == doctest::Approx(std::log(eigen(s).determinant())).epsilon(1e-10));
    }
}

TEST_CASE("linalg: multiply_lower and solve_lower are inverses, in place") {
    const Matrix factor = cholesky(positive(7), "test", "s");
    std::vector<double> z{1, -2, 3, -4, 5, -6, 7};
    const Eigen::VectorXd product = eigen(factor) * Eigen::Map<Eigen::VectorXd>(z.data(), 7);
    std::vector<double> w = z;
    multiply_lower(factor, w.data());
    for (std::size_t i = 0; i < 7; ++i) CHECK(w[i] == doctest::Approx(product[static_cast<long>(i)]).epsilon(1e-14));
    solve_lower(factor, w.data());
    for (std::size_t i = 0; i < 7; ++i) CHECK(w[i] == doctest::Approx(z[i]).epsilon(1e-12));
    CHECK(sum_of_squares(z.data(), 7) == 140);
}

TEST_CASE("linalg: what has no factor is refused in words") {
    Matrix s(2, 2, 1.0);
    s(0, 1) = s(1, 0) = 2.0;
    CHECK_THROWS_WITH_AS(cholesky(s, "here", "s"), "here: s must be positive definite, smallest eigenvalue is -1",
                         std::invalid_argument);
    s(0, 1) = 0.5;
    CHECK_THROWS_WITH_AS(cholesky(s, "here", "s"), "here: s must be symmetric, got 2 at (1, 0) and 0.5 at (0, 1)",
                         std::invalid_argument);
    s(0, 1) = NAN;
    CHECK_THROWS_AS(cholesky(s, "here", "s"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(cholesky(Matrix(2, 3), "here", "s"), "here: s must be square, got shape (2, 3)", std::invalid_argument);
}

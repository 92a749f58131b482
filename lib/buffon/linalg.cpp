#include <buffon/linalg.hpp>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <limits>

namespace buffon {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double smallest_eigenvalue(const Matrix& matrix) {
    const Eigen::Map<const RowMajor> map(matrix.data.data(), matrix.rows, matrix.cols);
    return Eigen::SelfAdjointEigenSolver<RowMajor>(map, Eigen::EigenvaluesOnly).eigenvalues().minCoeff();
}

double largest_entry(const Matrix& matrix) {
    double largest = 0;
    for (const double entry : matrix.data) largest = std::max(largest, std::abs(entry));
    return largest;
}

void check_entries(const Matrix& matrix, const char* who, const char* what) {
    const double tolerance = 1e-12 * largest_entry(matrix);   // what a product A A' leaves
    for (std::int64_t i = 0; i < matrix.rows; ++i)
        for (std::int64_t j = 0; j < matrix.cols; ++j) {
            require(std::isfinite(matrix(i, j)), who, ": ", what, " must be finite, got ", matrix(i, j), " at (", i,
                    ", ", j, ")");
            require(j >= i || std::abs(matrix(i, j) - matrix(j, i)) <= tolerance, who, ": ", what, " must be symmetric, got ",
                    matrix(i, j), " at (", i, ", ", j, ") and ", matrix(j, i), " at (", j, ", ", i, ")");
        }
}

/// Row i of the factor from the rows above it; returns the square of its pivot.
double factor_row(const Matrix& matrix, Matrix& factor, std::int64_t i) {
    double square = matrix(i, i);
    for (std::int64_t j = 0; j < i; ++j) {
        double sum = matrix(i, j);
        for (std::int64_t k = 0; k < j; ++k) sum -= factor(i, k) * factor(j, k);
        factor(i, j) = sum / factor(j, j);
        square -= factor(i, j) * factor(i, j);
    }
    factor(i, i) = std::sqrt(square);
    return square;
}

}  // namespace

Matrix cholesky(const Matrix& matrix, const char* who, const char* what) {
    require(matrix.rows >= 1 && matrix.rows == matrix.cols, who, ": ", what, " must be square, got shape (", matrix.rows, ", ",
            matrix.cols, ")");
    check_entries(matrix, who, what);
    const double rounding = static_cast<double>(matrix.rows) * std::numeric_limits<double>::epsilon();
    Matrix factor(matrix.rows, matrix.cols);
    for (std::int64_t i = 0; i < matrix.rows; ++i)
        if (!(factor_row(matrix, factor, i) > rounding * matrix(i, i)))   // a pivot that is all rounding error
            detail::refuse(who, ": ", what, " must be positive definite, smallest eigenvalue is ", smallest_eigenvalue(matrix));
    return factor;
}

void check_unit_diagonal(const Matrix& correlation, const char* who) {
    for (std::int64_t i = 0; i < std::min(correlation.rows, correlation.cols); ++i)
        require(std::abs(correlation(i, i) - 1) <= 1e-12, who, ": correlation must have ones on the diagonal, got ",
                correlation(i, i), " at (", i, ", ", i, ")");
}

Matrix correlation_of_pair(double rho) {
    Matrix r(2, 2, 1.0);
    r(0, 1) = r(1, 0) = rho;
    return r;
}

double log_determinant(const Matrix& factor) {
    double sum = 0;
    for (std::int64_t i = 0; i < factor.rows; ++i) sum += elementary::log(factor(i, i));
    return 2 * sum;
}

}  // namespace buffon

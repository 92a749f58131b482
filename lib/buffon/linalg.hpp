/// Lower triangular factors of small positive definite matrices. Not installed.
/// Plain loops over one row: bits depend neither on how rows are batched nor on a library's blocking.
#pragma once

#include <cstdint>

#include <buffon/view.hpp>

namespace buffon {

/// L with L L' = matrix. Messages read "`who`: `what` must be ...".
/// @throw std::invalid_argument unless the matrix is square, finite, symmetric and (beyond rounding) positive definite.
Matrix cholesky(const Matrix& matrix, const char* who, const char* what);

/// @throw std::invalid_argument unless the diagonal of a correlation matrix is one.
void check_unit_diagonal(const Matrix& correlation, const char* who);
/// (2, 2) with this correlation.
Matrix correlation_of_pair(double rho);

/// log |L L'|.
double log_determinant(const Matrix& factor);

/// z <- L z. From the last row up, so that it works in place.
inline void multiply_lower(const Matrix& factor, double* z) {
    const std::int64_t d = factor.cols;
    for (std::int64_t i = d - 1; i >= 0; --i) {
        const double* row = factor.data.data() + i * d;
        double sum = row[i] * z[i];
        for (std::int64_t j = 0; j < i; ++j) sum += row[j] * z[j];
        z[i] = sum;
    }
}

/// z <- L^-1 z.
inline void solve_lower(const Matrix& factor, double* z) {
    const std::int64_t d = factor.cols;
    for (std::int64_t i = 0; i < d; ++i) {
        const double* row = factor.data.data() + i * d;
        double rest = z[i];
        for (std::int64_t j = 0; j < i; ++j) rest -= row[j] * z[j];
        z[i] = rest / row[i];
    }
}

inline double sum_of_squares(const double* z, std::int64_t d) {
    double sum = 0;
    for (std::int64_t j = 0; j < d; ++j) sum += z[j] * z[j];
    return sum;
}

}  // namespace buffon

/// Dense algebra of symmetric matrices, in the products of our own kernels: bits depend on neither threads nor instruction set.
/// Not installed. Only lower triangles are read and written, unless a line says otherwise.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// A part of a table: rows `stride` apart.
struct MatrixPart {
    double* data;
    std::int64_t rows, cols, stride;
};
struct ConstPart {
    const double* data;
    std::int64_t rows, cols, stride;
    ConstPart(const double* data, std::int64_t rows, std::int64_t cols, std::int64_t stride)
        : data(data), rows(rows), cols(cols), stride(stride) {}
    ConstPart(const MatrixPart& p) : ConstPart(p.data, p.rows, p.cols, p.stride) {}
    ConstPart(ConstView v) : ConstPart(v.data, v.rows, v.cols, v.cols) {}
};
MatrixPart part_of(Matrix& m);
MatrixPart part_of(Matrix& m, std::int64_t row, std::int64_t col, std::int64_t rows, std::int64_t cols);

/// c (n, m) += sign a b', a (n, k), b (m, k); of a square c only the lower triangle (and what shares its blocks) where `lower`.
void add_row_products(double sign, const ConstPart& a, const ConstPart& b, const MatrixPart& c, bool lower = false,
                      int threads = 0);

/// Mirrors the lower triangle.
void complete(Matrix& s);

/// s(order, order) = L L' up to what rounding leaves of the trace, L (d, rank) lower trapezoidal.
struct PivotedCholesky {
    Matrix factor;
    std::vector<std::int64_t> order;
};
/// Largest remaining diagonal first; ends where it is below d eps times the first. Source: Higham, "Accuracy and
/// Stability", 10.3.
PivotedCholesky pivoted_cholesky(Matrix s, int threads = 0);

/// s = Q T Q', T tridiagonal.
struct Tridiagonal {
    std::vector<double> diagonal, beside;   // (d), (d - 1)
    Matrix reflectors;                      // (d, d): column j holds v_j below the diagonal, v_j[j + 1] = 1
    std::vector<double> tau;                // (d): Q = H_0 H_1 ..., H_j = I - tau_j v_j v_j'

    std::vector<double> eigenvalues() const;   // ascending
    /// z <- z Q, rows by themselves.
    void turn(Matrix& z, int threads = 0) const;
};
/// By Householder's reflections in blocks. Source: Dongarra, Sorensen, Hammarling, J. Comput. Appl. Math. 27 (1989).
Tridiagonal tridiagonal(Matrix s, int threads = 0);

}  // namespace buffon

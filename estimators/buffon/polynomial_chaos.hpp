/// Sparse polynomials fitted to a table: terms chosen one by one, errors by leaving rows out. Not installed.
/// Orthogonal matching pursuit: the term that takes most of what is left, until none takes more than chance would; the exact
/// leave-one-out error e_i / (1 - h_i) chooses among ladders. No fit is ever repeated: every step is one more orthonormal column.
/// Source: Blatman & Sudret (2011) for sparse chaos with leave-one-out error; Foster & George (1994) for where to stop.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/polynomial_ladder.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// A fit to all rows but those of one fold, and what it says of these.
struct HeldOut {
    std::vector<std::int64_t> rows;
    std::vector<Term> terms;             // the constant first
    std::vector<double> coefficients;    // (P)
    Matrix psi;                          // (P, rows) values of the terms
    std::vector<double> residual;        // (rows)
};

struct ChaosFit {
    std::int64_t terms = 0;              // of the fit to all rows
    double leave_one_out = 0;            // its mean squared error at rows that are left out one by one; the terms have seen them
    std::vector<HeldOut> folds;          // terms chosen anew in each
};

inline constexpr std::int64_t chaos_folds = 8;   // row i is in fold i mod 8

/// (m) Of outputs y (n, m) as polynomials of independent inputs, orthonormal under the law of normal scores z (n, d). Legendre
/// polynomials of uniforms where bounded, Hermite or, if they leave less, Legendre where not.
std::vector<ChaosFit> fit_chaos(const std::vector<Family1d>& families, ConstView z, ConstView y, int threads);

}  // namespace buffon

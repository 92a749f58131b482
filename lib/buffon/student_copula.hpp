/// Student copula: the dependence of a multivariate Student vector. Unlike the Gaussian one it makes extremes come together.
/// Source: Demarta, McNeil, The t copula and related copulas, Int. Stat. Rev. 73 (2005).
#pragma once

#include <cstdint>
#include <span>

#include <buffon/spherical_t.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Cheap to copy but for its matrix; immutable.
class StudentCopula {
public:
    /// @param correlation (d, d): symmetric, ones on the diagonal, positive definite.  @param df  degrees of freedom,
    /// shared by all.
    /// @throw std::invalid_argument naming the defect.
    StudentCopula(Matrix correlation, double df);

    /// The matrix sin(pi tau / 2) for Kendall's rank correlations tau: of every elliptical copula, whatever df.
    static StudentCopula from_kendall(const Matrix& tau, double df);

    std::int64_t dim() const { return correlation_.rows; }
    const Matrix& correlation() const { return correlation_; }
    double df() const { return spherical_.df(); }
    /// Of coordinates i and j alone.
    StudentCopula pair(std::int64_t i, std::int64_t j) const;
    /// lim P(U_i < p | U_j < p) as p -> 0, the same in the upper corner.
    double tail_dependence(std::int64_t i, std::int64_t j) const;

    /// z (n, d): normal scores of the coordinates. In place: dependent scores to independent ones (Rosenblatt) and back.
    void decorrelate(View z) const;
    void correlate(View z) const;
    /// Adds log c of each row of normal scores z (n, d) to out (n).
    void add_log_density(ConstView z, std::span<double> out) const;

    /// The same in two steps: Student scores t (n, d) of normal scores in place; log c at one row of them.
    void to_t(View z) const;
    double log_density_at_t(const double* t) const;

private:
    Matrix correlation_;
    Matrix factor_;          // lower Cholesky factor of the correlation
    SphericalT spherical_;
    double log_det_ = 0.0;   // log |correlation| / 2
};

}  // namespace buffon

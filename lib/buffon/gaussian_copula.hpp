/// Gaussian copula: the dependence of a normal vector with unit variances, whatever the marginal laws.
#pragma once

#include <cstdint>
#include <span>

#include <buffon/view.hpp>

namespace buffon {

class GaussianCopula {
public:
    /// @param correlation (d, d): symmetric, ones on the diagonal, positive definite.
    /// @throw std::invalid_argument naming the defect (and the smallest eigenvalue when not positive definite).
    explicit GaussianCopula(Matrix correlation);

    /// The matrix R with 2 sin(pi rho_s / 6) for Spearman's rank correlations rho_s.
    static GaussianCopula from_spearman(const Matrix& rank_correlation);

    /// The matrix R with sin(pi tau / 2) for Kendall's rank correlations tau.
    static GaussianCopula from_kendall(const Matrix& tau);

    std::int64_t dim() const { return correlation_.rows; }
    const Matrix& correlation() const { return correlation_; }

    /// Of coordinates i and j alone.
    GaussianCopula pair(std::int64_t i, std::int64_t j) const;

    /// z (n, d): normal scores of the coordinates. In place: dependent scores to independent ones (L^-1 z) and back (L z).
    void decorrelate(View z) const;
    void correlate(View z) const;
    /// Adds log c of each row of normal scores z (n, d) to out (n).
    void add_log_density(ConstView z, std::span<double> out) const;

private:
    Matrix correlation_;
    Matrix factor_;          // lower Cholesky factor L of the correlation
    double log_det_ = 0.0;   // log |correlation|
};

/// sin(pi tau / 2) off the diagonal: the correlation of an elliptical copula with Kendall's rank correlations tau.
Matrix correlation_of_kendall(const Matrix& tau);

}  // namespace buffon

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

    std::int64_t dim() const { return correlation_.rows; }
    const Matrix& correlation() const { return correlation_; }

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

}  // namespace buffon

/// Frechet distance |m - m0|^2 + tr C + tr C0 - 2 tr (C0^1/2 C C0^1/2)^1/2 of n rows from a law whose moments are
/// known. Not installed.
#pragma once

#include <span>

#include <buffon/diffusion/exposure_figures.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// The moments m0 and C0 = factor^2 covariance + variance I of noised data, for any factor and variance.
class FrechetReference {
public:
    FrechetReference(std::span<const double> mean, const Matrix& covariance);

    /// From n > d rows x (n, d). The bias of order 1 / n, which the moments' own noise makes, is taken out for rows of any law.
    Figure gap(ConstView x, double factor, double variance) const;

private:
    std::vector<double> mean_, variances_;   // eigenvalues
    Matrix axes_;                            // (d, d), columns
};

}  // namespace buffon::diffusion

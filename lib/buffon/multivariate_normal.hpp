/// Multivariate normal law N(mean, covariance).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/support.hpp>
#include <buffon/view.hpp>

namespace buffon {

class MultivariateNormal {
public:
    /// @param covariance (d, d): symmetric positive definite.   @throw std::invalid_argument naming the defect.
    MultivariateNormal(std::vector<double> mean, Matrix covariance, std::vector<std::string> names = {});

    std::int64_t dim() const { return static_cast<std::int64_t>(mean_.size()); }
    const std::vector<std::string>& names() const { return names_; }
    const std::vector<double>& mean() const { return mean_; }
    const Matrix& covariance() const { return covariance_; }
    /// Lower Cholesky factor L of the covariance.
    const Matrix& factor() const { return factor_; }
    Support support(std::int64_t) const { return {}; }

    void log_density(ConstView x, std::span<double> out) const;
    void to_normal(ConstView x, View u) const;      // L^-1 (x - mean)
    void from_normal(ConstView u, View x) const;    // mean + L u

private:
    std::vector<double> mean_;
    Matrix covariance_;
    Matrix factor_;
    std::vector<std::string> names_;
    double log_norm_ = 0.0;   // -(d log 2 pi + log |covariance|) / 2
};

}  // namespace buffon

/// Multivariate Student law: location + L y, where y is spherical Student and L L' the scale matrix.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/spherical_t.hpp>
#include <buffon/support.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Of a normal vector divided by sqrt(chi^2 / df). Coordinates are cut 1e150 scales away, where squares overflow.
class MultivariateT {
public:
    /// @param scale (d, d): symmetric positive definite; the covariance is scale df / (df - 2).
    /// @throw std::invalid_argument naming the defect.
    MultivariateT(std::vector<double> location, Matrix scale, double df, std::vector<std::string> names = {});

    std::int64_t dim() const { return static_cast<std::int64_t>(location_.size()); }
    const std::vector<std::string>& names() const { return names_; }
    const std::vector<double>& location() const { return location_; }
    const Matrix& scale() const { return scale_; }
    double df() const { return spherical_.df(); }
    /// Lower Cholesky factor L of the scale matrix.
    const Matrix& factor() const { return factor_; }
    /// NaN for df <= 1: there is none.
    std::vector<double> mean() const;
    /// Without variance (df <= 2) as in StudentT: +inf on the diagonal for df > 1, else NaN; NaN beside it.
    Matrix covariance() const;
    Support support(std::int64_t) const { return {}; }

    void log_density(ConstView x, std::span<double> out) const;
    void to_normal(ConstView x, View u) const;
    void from_normal(ConstView u, View x) const;

private:
    std::vector<double> location_;
    Matrix scale_;
    Matrix factor_;
    SphericalT spherical_;
    std::vector<std::string> names_;
    double log_det_ = 0.0;   // log |scale| / 2
};

}  // namespace buffon

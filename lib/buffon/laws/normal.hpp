/// Normal law N(mean, sd^2).
#pragma once

#include <cmath>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/support.hpp>

namespace buffon {

class Normal {
public:
    /// @throw std::invalid_argument unless mean is finite and sd finite and positive.
    explicit Normal(double mean = 0.0, double sd = 1.0) : mean_(mean), sd_(sd) {
        require(std::isfinite(mean), "Normal: mean must be finite, got ", mean);
        require(std::isfinite(sd) && sd > 0, "Normal: sd must be positive and finite, got ", sd);
    }

    double log_density(double x) const {
        const double z = to_normal(x);
        return -0.5 * z * z - elementary::log(sd_) - half_log_two_pi;
    }
    double cdf(double x) const { return normal_cdf(to_normal(x)); }
    double ccdf(double x) const { return normal_cdf(-to_normal(x)); }
    double quantile(double p) const { return from_normal(normal_quantile(p)); }
    double upper_quantile(double p) const { return from_normal(-normal_quantile(p)); }
    double to_normal(double x) const { return (x - mean_) / sd_; }
    double from_normal(double z) const { return mean_ + sd_ * z; }
    double mean() const { return mean_; }
    double sd() const { return sd_; }
    double variance() const { return sd_ * sd_; }
    Support support() const { return {}; }

private:
    double mean_;
    double sd_;
};

}  // namespace buffon

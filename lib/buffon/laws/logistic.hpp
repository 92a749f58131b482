/// Logistic law: P(X <= x) = 1 / (1 + exp(-(x - location) / scale)).
#pragma once

#include <cmath>
#include <limits>
#include <numbers>

#include <buffon/check.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/support.hpp>

namespace buffon {

class Logistic {
public:
    /// @param location, scale  mean of x, and sqrt(3) / pi standard deviations; in the units of x.
    /// @throw std::invalid_argument unless location is finite and scale finite and positive.
    explicit Logistic(double location = 0.0, double scale = 1.0)
        : location_(location), scale_(scale), log_scale_(std::log(scale)) {
        require(std::isfinite(location), "Logistic: location must be finite, got ", location);
        require(std::isfinite(scale) && scale > 0, "Logistic: scale must be positive and finite, got ", scale);
    }

    double log_density(double x) const {
        const double distance = std::abs(standard(x));   // the density is symmetric, and exp(-distance) cannot overflow
        return -distance - 2 * std::log1p(std::exp(-distance)) - log_scale_;
    }
    double cdf(double x) const { return side(-standard(x)); }
    double ccdf(double x) const { return side(standard(x)); }
    double quantile(double p) const { return location_ + scale_ * logit(p); }
    double upper_quantile(double p) const { return location_ - scale_ * logit(p); }
    double to_normal(double x) const {
        const double y = standard(x);
        const double tail = normal_quantile_of_log(-std::abs(y) - std::log1p(std::exp(-std::abs(y))));
        return y < 0 ? tail : -tail;
    }
    double from_normal(double z) const { return location_ + scale_ * (normal_log_cdf(z) - normal_log_cdf(-z)); }
    double location() const { return location_; }
    double scale() const { return scale_; }
    double mean() const { return location_; }
    double variance() const { return std::numbers::pi * std::numbers::pi / 3 * scale_ * scale_; }
    Support support() const { return {}; }

private:
    double standard(double x) const { return (x - location_) / scale_; }
    static double side(double y) { return 1 / (1 + std::exp(y)); }
    static double logit(double p) { return std::log(p) - std::log1p(-p); }

    double location_;
    double scale_;
    double log_scale_;
};

}  // namespace buffon

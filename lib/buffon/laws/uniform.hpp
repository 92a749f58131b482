/// Uniform law on [lower, upper].
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/support.hpp>

namespace buffon {

class Uniform {
public:
    /// @throw std::invalid_argument unless lower < upper are finite, and so is upper - lower.
    explicit Uniform(double lower = 0.0, double upper = 1.0) : lower_(lower), upper_(upper), width_(upper - lower),
          log_density_(-elementary::log(width_)) {
        require(std::isfinite(lower), "Uniform: lower must be finite, got ", lower);
        require(std::isfinite(upper) && upper > lower, "Uniform: upper must be finite and above lower = ", lower,
                ", got ", upper);
        require(std::isfinite(width_), "Uniform: upper - lower must be finite, got lower = ", lower, ", upper = ", upper);
    }

    double log_density(double x) const {
        if (x >= lower_ && x <= upper_) return log_density_;
        return std::isnan(x) ? x : -std::numeric_limits<double>::infinity();
    }
    double cdf(double x) const { return std::clamp((x - lower_) / width_, 0.0, 1.0); }
    double ccdf(double x) const { return std::clamp((upper_ - x) / width_, 0.0, 1.0); }
    double quantile(double p) const { return p < 0.5 ? lower_ + width_ * p : upper_ - width_ * (1 - p); }
    double upper_quantile(double p) const { return p < 0.5 ? upper_ - width_ * p : lower_ + width_ * (1 - p); }
    /// -inf for x <= lower, +inf for x >= upper. Measured from the nearer end: x - lower has no digits left near upper.
    double to_normal(double x) const {
        const double below = std::max(x - lower_, 0.0);
        const double above = std::max(upper_ - x, 0.0);
        if (std::isnan(x)) return x;
        return below < above ? normal_quantile(below / width_) : -normal_quantile(above / width_);
    }
    double from_normal(double z) const {
        return z < 0 ? lower_ + width_ * normal_cdf(z) : upper_ - width_ * normal_cdf(-z);
    }
    double lower() const { return lower_; }
    double upper() const { return upper_; }
    double mean() const { return lower_ + 0.5 * width_; }
    double variance() const { return width_ * width_ / 12; }
    Support support() const { return {lower_, upper_}; }

private:
    double lower_;
    double upper_;
    double width_;
    double log_density_;
};

}  // namespace buffon

/// Gumbel's law of largest values (type I): P(X <= x) = exp(-exp(-(x - location) / scale)). Yearly maxima of floods, winds,
/// waves. For smallest values take the negative of the variable.
#pragma once

#include <cmath>
#include <numbers>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/laws/scores.hpp>
#include <buffon/support.hpp>

namespace buffon {

class Gumbel {
public:
    /// @param location, scale  mode of x, and sqrt(6) / pi standard deviations; in the units of x.
    /// @throw std::invalid_argument unless location is finite and scale finite and positive.
    explicit Gumbel(double location = 0.0, double scale = 1.0)
        : location_(location), scale_(scale), log_scale_(elementary::log(scale)) {
        require(std::isfinite(location), "Gumbel: location must be finite, got ", location);
        require(std::isfinite(scale) && scale > 0, "Gumbel: scale must be positive and finite, got ", scale);
    }

    /// The law with this mean and standard deviation.
    static Gumbel from_moments(double mean, double sd) {
        require(std::isfinite(mean), "Gumbel::from_moments: mean must be finite, got ", mean);
        require(std::isfinite(sd) && sd > 0, "Gumbel::from_moments: sd must be positive and finite, got ", sd);
        const double scale = sd * std::sqrt(6.0) / std::numbers::pi;
        return Gumbel(mean - std::numbers::egamma * scale, scale);
    }

    double log_density(double x) const {
        const double y = standard(x), t = elementary::exp(-y);
        if (std::isinf(t)) return -t;   // y alone would turn x = -inf into NaN
        return -y - t - log_scale_;
    }
    double cdf(double x) const { return elementary::exp(-elementary::exp(-standard(x))); }
    double ccdf(double x) const { return -elementary::expm1(-elementary::exp(-standard(x))); }
    double quantile(double p) const { return location_ - scale_ * elementary::log(-elementary::log(p)); }
    double upper_quantile(double p) const { return location_ - scale_ * elementary::log(-elementary::log1p(-p)); }
    /// exp(-(x - location) / scale) is a standard exponential variable, large where x is small.
    double to_normal(double x) const { return -score_of_log_exponential(-standard(x)); }
    double from_normal(double z) const { return location_ - scale_ * log_exponential_of_score(-z); }
    double location() const { return location_; }
    double scale() const { return scale_; }
    double mean() const { return location_ + std::numbers::egamma * scale_; }
    double variance() const { return std::numbers::pi * std::numbers::pi / 6 * scale_ * scale_; }
    Support support() const { return {}; }

private:
    double standard(double x) const { return (x - location_) / scale_; }

    double location_;
    double scale_;
    double log_scale_;
};

}  // namespace buffon

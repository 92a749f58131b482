/// Weibull's law: P(X > x) = exp(-((x - location) / scale)^shape) for x >= location. Life times, wind speeds, strengths.
#pragma once

#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/laws/scores.hpp>
#include <buffon/support.hpp>

namespace buffon {

class Weibull {
public:
    /// @param shape  without unit; 1 gives the exponential law.
    /// @param scale, location  in the units of x.
    /// @throw std::invalid_argument unless shape and scale are finite and positive and location is finite.
    explicit Weibull(double shape, double scale = 1.0, double location = 0.0)
        : shape_(shape), scale_(scale), location_(location), log_norm_(std::log(shape) - std::log(scale)) {
        require(std::isfinite(shape) && shape > 0, "Weibull: shape must be positive and finite, got ", shape);
        require(std::isfinite(scale) && scale > 0, "Weibull: scale must be positive and finite, got ", scale);
        require(std::isfinite(location), "Weibull: location must be finite, got ", location);
    }

    /// The law with location 0, this mean, and this coefficient of variation (standard deviation / mean), 1e-8 ... 1e4.
    static Weibull from_moments(double mean, double cv);

    double log_density(double x) const {
        if (x < location_) return -std::numeric_limits<double>::infinity();
        const double y = standard(x), t = std::pow(y, shape_);
        if (std::isinf(t)) return -t;
        return log_norm_ + (shape_ == 1 ? 0.0 : (shape_ - 1) * std::log(y)) - t;
    }
    double cdf(double x) const { return x < location_ ? 0.0 : -std::expm1(-std::pow(standard(x), shape_)); }
    double ccdf(double x) const { return x < location_ ? 1.0 : std::exp(-std::pow(standard(x), shape_)); }
    double quantile(double p) const { return location_ + scale_ * std::pow(-std::log1p(-p), 1 / shape_); }
    double upper_quantile(double p) const { return location_ + scale_ * std::pow(-std::log(p), 1 / shape_); }
    /// -inf for x <= location. ((x - location) / scale)^shape is a standard exponential variable.
    double to_normal(double x) const {
        if (x <= location_) return -std::numeric_limits<double>::infinity();
        return score_of_log_exponential(shape_ * std::log(standard(x)));
    }
    double from_normal(double z) const { return location_ + scale_ * std::exp(log_exponential_of_score(z) / shape_); }
    double shape() const { return shape_; }
    double scale() const { return scale_; }
    double location() const { return location_; }
    double mean() const;
    double variance() const;
    Support support() const { return {.lower = location_}; }

private:
    double standard(double x) const { return (x - location_) / scale_; }

    double shape_;
    double scale_;
    double location_;
    double log_norm_;
};

}  // namespace buffon

/// Gamma law: density x^(shape - 1) exp(-x / scale) / (Gamma(shape) scale^shape) on x > 0.
#pragma once

#include <limits>
#include <memory>

#include <buffon/support.hpp>

namespace buffon {

/// Cheap to copy; immutable. from_normal and the quantiles read a table of the law, made once at their first call (some
/// milliseconds), as far as scores of +-8.5; further out they solve.
class Gamma {
public:
    /// @param shape  without unit.  @param scale  in the units of x: mean / shape.
    /// @throw std::invalid_argument unless both are finite and positive.
    explicit Gamma(double shape, double scale = 1.0);

    /// The law with this mean and coefficient of variation (standard deviation / mean).
    static Gamma from_moments(double mean, double cv);

    double log_density(double x) const;
    double cdf(double x) const;
    double ccdf(double x) const;
    double quantile(double p) const;
    double upper_quantile(double p) const;
    /// -inf for x <= 0.
    double to_normal(double x) const;
    double from_normal(double z) const;
    double shape() const { return shape_; }
    double scale() const { return scale_; }
    double mean() const { return shape_ * scale_; }
    double variance() const { return shape_ * scale_ * scale_; }
    Support support() const { return {.lower = 0.0}; }

private:
    struct Core;

    double shape_;
    double scale_;
    std::shared_ptr<const Core> core_;
};

}  // namespace buffon

/// The law of a number that does not vary: an input that is fixed in one study and uncertain in the next.
#pragma once

#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/support.hpp>

namespace buffon {

/// As a Discrete law of one value: log_density is 0 there and -inf elsewhere.
class Constant {
public:
    /// @throw std::invalid_argument unless the value is finite.
    explicit Constant(double value) : value_(value) {
        require(std::isfinite(value), "Constant: value must be finite, got ", value);
    }

    double value() const { return value_; }
    double log_density(double x) const { return std::isnan(x) ? x : x == value_ ? 0.0 : -infinity; }
    double cdf(double x) const { return std::isnan(x) ? x : x < value_ ? 0.0 : 1.0; }
    double ccdf(double x) const { return std::isnan(x) ? x : x < value_ ? 1.0 : 0.0; }
    double quantile(double p) const { return p >= 0 && p <= 1 ? value_ : std::nan(""); }
    double upper_quantile(double p) const { return quantile(p); }
    /// 0 at the value; -inf and +inf on its two sides.
    double to_normal(double x) const { return std::isnan(x) ? x : x < value_ ? -infinity : x > value_ ? infinity : 0.0; }
    double from_normal(double z) const { return std::isnan(z) ? z : value_; }
    double mean() const { return value_; }
    double variance() const { return 0; }
    Support support() const { return {value_, value_}; }

private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();
    double value_;
};

}  // namespace buffon

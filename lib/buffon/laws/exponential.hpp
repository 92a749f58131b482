/// Exponential law: density rate * exp(-rate * x) on x >= 0.
#pragma once

#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/support.hpp>

namespace buffon {

class Exponential {
public:
    /// @param rate  1 / mean, in the inverse of the units of x.
    /// @throw std::invalid_argument unless rate is finite and positive.
    explicit Exponential(double rate = 1.0) : rate_(rate), log_rate_(std::log(rate)) {
        require(std::isfinite(rate) && rate > 0, "Exponential: rate must be positive and finite, got ", rate);
    }

    static Exponential from_mean(double mean) {
        require(std::isfinite(mean) && mean > 0, "Exponential::from_mean: mean must be positive and finite, got ", mean);
        return Exponential(1 / mean);
    }

    double log_density(double x) const {
        return x < 0 ? -std::numeric_limits<double>::infinity() : log_rate_ - rate_ * x;
    }
    double cdf(double x) const { return x < 0 ? 0.0 : -std::expm1(-rate_ * x); }
    double ccdf(double x) const { return x < 0 ? 1.0 : std::exp(-rate_ * x); }
    double quantile(double p) const { return -std::log1p(-p) / rate_; }
    double upper_quantile(double p) const { return -std::log(p) / rate_; }
    /// -inf for x <= 0.
    double to_normal(double x) const {
        return x <= 0 ? -std::numeric_limits<double>::infinity() : -normal_quantile_of_log(-rate_ * x);
    }
    double from_normal(double z) const { return -normal_log_cdf(-z) / rate_; }
    double rate() const { return rate_; }
    double mean() const { return 1 / rate_; }
    double variance() const { return 1 / rate_ / rate_; }
    Support support() const { return {.lower = 0.0}; }

private:
    double rate_;
    double log_rate_;
};

}  // namespace buffon

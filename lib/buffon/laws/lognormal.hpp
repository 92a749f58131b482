/// Log-normal law: log x is N(mu, sigma^2).
#pragma once

#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/support.hpp>

namespace buffon {

class LogNormal {
public:
    /// @param mu, sigma  mean and standard deviation of log x.
    /// @throw std::invalid_argument unless mu is finite and sigma finite and positive.
    explicit LogNormal(double mu = 0.0, double sigma = 1.0)
        : mu_(mu), sigma_(sigma), log_norm_(-half_log_two_pi - elementary::log(sigma)) {
        require(std::isfinite(mu), "LogNormal: mu must be finite, got ", mu);
        require(std::isfinite(sigma) && sigma > 0, "LogNormal: sigma must be positive and finite, got ", sigma);
    }

    /// The law with this mean and coefficient of variation (standard deviation / mean) of x itself.
    static LogNormal from_moments(double mean, double cv) {
        require(std::isfinite(mean) && mean > 0, "LogNormal::from_moments: mean must be positive and finite, got ", mean);
        require(std::isfinite(cv) && cv > 0, "LogNormal::from_moments: cv must be positive and finite, got ", cv);
        const double square = elementary::log1p(cv * cv);
        return LogNormal(elementary::log(mean) - 0.5 * square, std::sqrt(square));
    }

    double log_density(double x) const {
        if (x <= 0) return -std::numeric_limits<double>::infinity();
        const double log_x = elementary::log(x);
        const double z = (log_x - mu_) / sigma_;
        return log_norm_ - 0.5 * z * z - log_x;
    }
    double cdf(double x) const { return normal_cdf(to_normal(x)); }
    double ccdf(double x) const { return normal_cdf(-to_normal(x)); }
    double quantile(double p) const { return from_normal(normal_quantile(p)); }
    double upper_quantile(double p) const { return from_normal(-normal_quantile(p)); }
    /// -inf for x <= 0.
    double to_normal(double x) const {
        if (x <= 0) return -std::numeric_limits<double>::infinity();
        return (elementary::log(x) - mu_) / sigma_;
    }
    double from_normal(double z) const { return elementary::exp(mu_ + sigma_ * z); }
    double mu() const { return mu_; }
    double sigma() const { return sigma_; }
    double mean() const { return elementary::exp(mu_ + 0.5 * sigma_ * sigma_); }
    double variance() const { return elementary::expm1(sigma_ * sigma_) * elementary::exp(2 * mu_ + sigma_ * sigma_); }
    Support support() const { return {.lower = 0.0}; }

private:
    double mu_;
    double sigma_;
    double log_norm_;
};

}  // namespace buffon

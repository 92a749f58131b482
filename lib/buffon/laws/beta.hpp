/// Beta law on an interval: with t = (x - lower) / (upper - lower) the density is proportional to t^(a - 1) (1 - t)^(b - 1).
#pragma once

#include <memory>

#include <buffon/support.hpp>

namespace buffon {

/// Cheap to copy; immutable. from_normal and the quantiles read a table of the law, made once at their first call (some
/// milliseconds), as far as scores of +-8.5; further out they solve.
class Beta {
public:
    /// @throw std::invalid_argument unless a and b are finite and positive, lower < upper finite, and so is upper - lower.
    Beta(double a, double b, double lower = 0.0, double upper = 1.0);

    /// The law on [lower, upper] with this mean and standard deviation, sd^2 < (mean - lower) (upper - mean).
    static Beta from_moments(double mean, double sd, double lower = 0.0, double upper = 1.0);

    double log_density(double x) const;
    double cdf(double x) const;
    double ccdf(double x) const;
    double quantile(double p) const;
    double upper_quantile(double p) const;
    /// -inf for x <= lower, +inf for x >= upper.
    double to_normal(double x) const;
    double from_normal(double z) const;
    double a() const { return a_; }
    double b() const { return b_; }
    double lower() const { return lower_; }
    double upper() const { return upper_; }
    double mean() const { return lower_ + width_ * (a_ / (a_ + b_)); }
    double variance() const {
        const double n = a_ + b_;
        return width_ * width_ * (a_ / n) * (b_ / n) / (n + 1);
    }
    Support support() const { return {lower_, upper_}; }

private:
    struct Core;

    double a_;
    double b_;
    double lower_;
    double upper_;
    double width_;
    std::shared_ptr<const Core> core_;
};

}  // namespace buffon

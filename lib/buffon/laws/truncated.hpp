/// A law restricted to an interval: X given that it falls into [lower, upper]. Stable when the interval lies far out in a
/// tail, even where the probability of the interval underflows: there everything goes by logarithms.
#pragma once

#include <limits>
#include <memory>

#include <buffon/laws/list.hpp>
#include <buffon/support.hpp>

namespace buffon {

/// Cheap to copy; immutable. A Truncated of a Truncated is one of the law inside, on the common interval.
/// Accuracy: a probability has the digits of the law's own cdf or ccdf. Mean and variance by numerical integration (about
/// 2,000 quantiles at each call), to about 1e-12; less for power tails with hardly any moments.
class Truncated {
public:
    /// @throw std::invalid_argument unless lower < upper and the law gives the interval a probability (its logarithm may be
    /// as small as -1e30).
    explicit Truncated(const Univariate& law, double lower = -std::numeric_limits<double>::infinity(),
                       double upper = std::numeric_limits<double>::infinity());

    double log_density(double x) const;
    double cdf(double x) const;
    double ccdf(double x) const;
    double quantile(double p) const;
    double upper_quantile(double p) const;
    double to_normal(double x) const;
    double from_normal(double z) const;
    /// +inf or -inf, where the law inside has no mean, towards the one side that stays open.
    double mean() const;
    /// +inf if the law inside has none and a side with a heavy tail stays open.
    double variance() const;
    Support support() const;

    /// As they were given.
    const Univariate& law() const;
    double lower() const;
    double upper() const;
    /// log of the probability that the law gives to the interval.
    double log_probability() const;

private:
    class Core;
    std::shared_ptr<const Core> core_;
};

}  // namespace buffon

// The variant is complete only after the class: whoever includes this header can then construct one.
#include <buffon/laws/univariate.hpp>

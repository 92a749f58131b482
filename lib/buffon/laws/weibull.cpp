#include <buffon/laws/weibull.hpp>

#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/zeta.hpp>

namespace buffon {
namespace {

/// log(E[X^2] / E[X]^2) for location 0 and u = 1 / shape. For small u by the series of log Gamma(1 + u) about 1: the
/// difference of the logarithms would be lost.
double log_moment_ratio(double u) {
    if (u > 0.1) return boost::math::lgamma(1 + 2 * u) - 2 * boost::math::lgamma(1 + u);
    double sum = 0;
    for (int n = 26; n >= 2; --n)
        sum += (n % 2 ? -1 : 1) * boost::math::zeta(static_cast<double>(n)) / n * (std::pow(2.0, n) - 2) * std::pow(u, n);
    return sum;
}

}  // namespace

double Weibull::mean() const { return location_ + scale_ * std::tgamma(1 + 1 / shape_); }

double Weibull::variance() const {
    const double from_location = scale_ * std::tgamma(1 + 1 / shape_);
    return from_location * from_location * std::expm1(log_moment_ratio(1 / shape_));
}

Weibull Weibull::from_moments(double mean, double cv) {
    require(std::isfinite(mean) && mean > 0, "Weibull::from_moments: mean must be positive and finite, got ", mean);
    require(cv >= 1e-8 && cv <= 1e4, "Weibull::from_moments: cv must lie in [1e-8, 1e4], got ", cv);
    const double target = std::log1p(cv * cv);
    double low = std::log(1e-9), high = std::log(50.0);   // of u = 1 / shape, in which the ratio grows
    for (int step = 0; step < 80; ++step) {
        const double middle = 0.5 * (low + high);
        (log_moment_ratio(std::exp(middle)) < target ? low : high) = middle;
    }
    const double u = std::exp(0.5 * (low + high));
    return Weibull(1 / u, mean / std::tgamma(1 + u));
}

}  // namespace buffon

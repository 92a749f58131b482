#include <buffon/squared_interval.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <boost/math/distributions/non_central_chi_squared.hpp>
#include <boost/math/tools/toms748_solve.hpp>

#include <buffon/check.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr double far = 1e5;      // squared distances in units of s^2 from which |m| is a normal number to all digits that matter
constexpr double fewest = 1e-8;  // degrees of freedom below which there is no bias to speak of
constexpr double small_by_chance = 0.16;   // a standard deviation below, as Cowan et al. recommend

/// P(X <= x) of the noncentral law, nearly (Sankaran 1963): a power of X is nearly normal.
double nearly(double nu, double lambda, double x) {
    const double mean = nu + lambda, twice = nu + 2 * lambda;
    const double h = 1 - 2.0 / 3 * mean * (nu + 3 * lambda) / (twice * twice), p = twice / (mean * mean), m = (h - 1) * (1 - 3 * h);
    return normal_cdf((std::pow(x / mean, h) - 1 - h * p * (h - 1 - 0.5 * (2 - h) * m * p)) /
                      (h * std::sqrt(2 * p) * (1 + 0.5 * m * p)));
}

/// A root of `above`, which falls, between 0 and what `high` grows to.
template <class F>
double root_of(const F& above, double high) {
    while (above(high) > 0) high *= 2;
    std::uintmax_t most = 100;
    const auto [a, b] = boost::math::tools::toms748_solve(above, 0.0, high, boost::math::tools::eps_tolerance<double>(40), most);
    return (a + b) / 2;
}

/// The noncentrality at which a variable of nu degrees of freedom lies below x with this probability; 0 if it does so less often.
double noncentrality(double nu, double x, double probability) {
    const auto above = [&](double lambda) {
        return (lambda > 0 ? cdf(boost::math::non_central_chi_squared(nu, lambda), x)
                           : cdf(boost::math::chi_squared(nu), x)) -
               probability;
    };
    if (above(0.0) <= 0) return 0.0;
    // Newton's steps from where a formula nearly has it: the law itself is a long sum, asked two or three times instead of fifteen.
    const double high = std::max(1.0, x), tiny = 1e-12 * std::min(probability, 1 - probability);
    const auto roughly = [&](double lambda) { return nearly(nu, lambda, x) - probability; };
    double lambda = roughly(0.0) > 0 ? root_of(roughly, high) : 0.0;
    for (int step = 0; step < 6 && lambda > 0; ++step) {
        const double error = above(lambda);
        if (std::abs(error) <= tiny) return lambda;
        const double by = error / pdf(boost::math::non_central_chi_squared(nu + 2, lambda), x);
        if (!std::isfinite(by)) break;
        lambda += by;
        if (std::abs(by) <= 1e-9 * lambda) return lambda;   // the next step would be its square
    }
    return root_of(above, high);
}

}  // namespace

std::pair<double, double> squared_interval(double raw, double bias, double variance, double level) {
    require(raw >= 0 && bias >= 0 && variance >= 0 && std::isfinite(raw + bias + variance),
            "squared_interval: raw, bias and variance must be finite and at least 0, got ", raw, ", ", bias, ", ",
            variance);
    require(level > 0 && level < 1, "squared_interval: level must lie between 0 and 1, got ", level);
    if (raw == 0 || variance == 0) return {std::max(0.0, raw - bias), std::max(0.0, raw - bias)};
    const double s2 = variance / (4 * raw), nu = bias / s2, x = raw / s2;
    if (x > far || nu < fewest) {
        const double z = normal_quantile(0.5 + 0.5 * level), centre = std::max(0.0, raw - bias);
        const auto end = [&](double by) { return std::pow(std::max(0.0, std::sqrt(centre) + by * std::sqrt(s2)), 2); };
        return {end(-z), end(z)};
    }
    // Less than noise alone makes, by chance, does not tell more than what noise makes: the upper end is never that of a smaller one.
    const double told = std::max(x, quantile(boost::math::chi_squared(nu), small_by_chance));
    return {s2 * noncentrality(nu, x, 0.5 + 0.5 * level), s2 * noncentrality(nu, told, 0.5 - 0.5 * level)};
}

std::pair<double, double> squared_interval(double raw, double bias, double variance, double largest, double beside,
                                           double level) {
    require(largest >= 0 && beside >= 0 && std::isfinite(largest + beside),
            "squared_interval: largest and beside must be finite and at least 0, got ", largest, ", ", beside);
    const double signal = raw > 0 ? std::max(0.0, raw - bias) / raw : 0.0;
    const double assumed = std::max(variance, signal * variance + (1 - signal) * 4 * raw * largest);
    const auto [low, high] = squared_interval(raw, bias, assumed, level);
    const double value = raw - bias, z = normal_quantile(0.5 + 0.5 * level);
    const auto away = [&](double end) { return std::hypot(end - value, z * std::sqrt(beside)); };
    return {low > 0 ? std::max(0.0, value - away(low)) : 0.0, std::max(0.0, value + away(high))};
}

}  // namespace buffon

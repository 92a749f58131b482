/// The standard normal law as functions: cdf, its logarithm, quantile.
/// Source of the quantile: Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988); relative accuracy about 1e-16.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/config.hpp>

namespace buffon {

inline constexpr double half_log_two_pi = 0.91893853320467274178;

/// P(Z <= z); relative accuracy holds down to the underflow at z = -38.
inline double normal_cdf(double z) { return 0.5 * std::erfc(-z * 0.70710678118654752440); }

/// log P(Z <= z) for every finite z: a continued fraction takes over where the cdf itself underflows.
double normal_log_cdf(double z);

namespace detail {

/// c0 + c1 r + c2 r^2 + ..., unrolled.
template <class... Rest>
constexpr double polynomial(double r, double c0, Rest... rest) {
    if constexpr (sizeof...(rest) == 0) return c0;
    else return c0 + r * polynomial(r, rest...);
}

/// q (1/2 + q is the probability) for |q| <= 0.425.
inline double central_quantile(double q) {
    const double r = 0.180625 - q * q;
    return q *
           polynomial(r, 3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
                      4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3) /
           polynomial(r, 1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                      2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3);
}

/// Quantile, negated, of the tail probability exp(-r^2).
inline double tail_quantile(double r) {
    if (r <= 5) {
        r -= 1.6;
        return polynomial(r, 1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
                          1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
                          7.74545014278341407640e-4) /
               polynomial(r, 1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
                          1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                          1.05075007164441684324e-9);
    }
    r -= 5;
    return polynomial(r, 6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1,
                      2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
                      2.01033439929228813265e-7) /
           polynomial(r, 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                      2.04426310338993978564e-15);
}

}  // namespace detail

/// z with P(Z <= z) = p for p in (0, 1); -inf at 0, +inf at 1, NaN outside [0, 1].
inline double normal_quantile(double p) {
    const double q = p - 0.5;
    if (std::abs(q) <= 0.425) return detail::central_quantile(q);
    const double tail = std::min(p, 1 - p);
    if (tail == 0) return std::copysign(std::numeric_limits<double>::infinity(), q);
    return std::copysign(detail::tail_quantile(std::sqrt(-std::log(tail))), q);
}

/// z with log P(Z <= z) = log_p for log_p < 0: the quantile where p itself underflows or rounds to 1.
double normal_quantile_of_log(double log_p);

}  // namespace buffon

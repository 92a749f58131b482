/// Between standard normal scores and probabilities or standard exponential variables, without loss in either tail.
/// A law whose variable is a monotone function of an exponential one (Exponential, Weibull, Gumbel) is written by these.
#pragma once

#include <cmath>

#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {

/// Normal score of a point with these probabilities on its two sides; the smaller one, which has all its digits, decides.
inline double score_of_sides(double below, double above) {
    return below < above ? normal_quantile(below) : -normal_quantile(above);
}

/// log T of the standard exponential T = -log P(Z > z) that grows with the score z; T itself underflows at z = -38.
inline double log_exponential_of_score(double z) {
    return z < -9 ? normal_log_cdf(z) : elementary::log(-normal_log_cdf(-z));   // T = P(Z < z) (1 + 1e-19) there
}

/// The inverse: z with -log P(Z > z) = exp(log_t).
inline double score_of_log_exponential(double log_t) {
    return log_t < -40 ? normal_quantile_of_log(log_t) : -normal_quantile_of_log(-elementary::exp(log_t));
}

}  // namespace buffon

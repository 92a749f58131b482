/// The standard normal law as functions: cdf, its logarithm, quantile; the same bits on every machine.
/// Source: the branch-free forms of vecmath_normal.hpp, within 2 ulp (the logarithm: 3).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace buffon {

inline constexpr double half_log_two_pi = 0.91893853320467274178;

/// P(Z <= z); relative accuracy holds down to the underflow at z = -38.
double normal_cdf(double z);

/// log P(Z <= z) for every z, also where the cdf itself underflows.
double normal_log_cdf(double z);

/// z with P(Z <= z) = p for p in (0, 1); -inf at 0, +inf at 1, NaN outside [0, 1].
double normal_quantile(double p);

/// z with log P(Z <= z) = log_p for log_p < 0: the quantile where p itself underflows or rounds to 1.
double normal_quantile_of_log(double log_p);

}  // namespace buffon

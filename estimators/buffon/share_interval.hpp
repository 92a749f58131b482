/// Intervals of shares, exact where rows are hits or none. Not installed.
/// Source: Clopper & Pearson, Biometrika 26 (1934), with a real number of hits where a share is a mean of numbers in [0, 1].
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <buffon/estimate.hpp>

namespace buffon {

/// Levels at which `Estimate::bounds` are kept.
inline const std::vector<double> bound_levels{0.5, 0.8, 0.9, 0.95, 0.99, 0.999};

/// Bounds of m values, to be filled.
Bounds empty_bounds(std::int64_t m);

/// (low, high) of the probability behind a mean of n numbers in [0, 1] with this variance of the mean; a variance of 0
/// says 0 or 1 each.
/// The mean of n numbers that are not all 0 or 1 varies as that of more hits would: of share (1 - share) / variance of
/// them. Where
/// the sum is below 5, or that of what is missing to n, the variance is itself a guess: n of them.
std::pair<double, double> share_interval(double share, double variance, std::int64_t n, double level);

}  // namespace buffon

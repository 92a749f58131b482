/// Whether a rare event may have regions that no component of a sampling density leads to, by the scores of the
/// adaptation. Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/gaussians.hpp>
#include <buffon/pool.hpp>
#include <buffon/scout.hpp>

namespace buffon {

/// Of expectation e at the points of a pool with scores.
ScoredSummands scored_summands(const Pool& pool, std::int64_t e);

/// What lies at an obtuse angle to all centres of an output's components, extrapolated from its scores there
/// (scout.hpp), relative to
/// its value: diagnostics["beyond"] has the largest, and a warning names an output where it is more than `notable`.
/// Points of the pool
/// that hit there often enough are no surprise. `leading` (m): components of each output; one without any is passed over.
void warn_of_missed_regions(const Pool& pool, const std::vector<std::vector<Gaussian>>& leading, double notable,
                            Estimate& estimate);

/// The warning about output j itself.
std::string words_about_missed_regions(const Estimate& estimate, std::int64_t j, double reach);

/// From this share of the value on regions matter; so many effective hits tell their size well enough.
inline constexpr double notable_region = 0.01, enough_region_hits = 10, points_of_a_scout = 30;

}  // namespace buffon

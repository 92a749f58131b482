/// The point nearest to the origin of a few half-spaces together. Not installed.
#pragma once

#include <optional>
#include <vector>

namespace buffon {

/// The least |u| with slopes_k . u + levels_k >= 0 for all k, at most some ten of them (all sets that may be active are tried);
/// one half-space: the nearest point of its boundary, whatever the sign of its level. None where they have no common point that
/// rounding lets one find.
std::optional<std::vector<double>> nearest_point(const std::vector<std::vector<double>>& slopes,
                                                 const std::vector<double>& levels);

}  // namespace buffon

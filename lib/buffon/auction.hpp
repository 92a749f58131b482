/// The auction that large assignment problems begin with. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/matching.hpp>

namespace buffon {

/// As many lines as columns. Finds column potentials that are nearly optimal, joins lines and columns that are tight there, and
/// leaves the others in `free`. False if a line or a column has no allowed pair at all.
bool auction(const CostLines& costs, Matching& matching, std::vector<std::int64_t>& free);

}  // namespace buffon

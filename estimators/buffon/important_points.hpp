/// Design points as a sampling density, and in an estimate's diagnostics. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/design_search.hpp>
#include <buffon/estimate.hpp>
#include <buffon/proposal.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// A `defensive` share of the input law, the rest on normal laws about the points (half_space.hpp): each of the m
/// outputs that has
/// points in proportion to its weight (none: alike), each point of it in proportion to the probability of its half-space, and to
/// a twentieth of that of the nearest point at least. The input law alone without points.
Proposal about(const std::vector<DesignPoint>& points, std::int64_t outputs, const std::vector<double>& weights,
               double defensive);

/// beta, design_points, alpha_vectors, importance_factors, design_outputs, converged and first_order, see form.hpp.
void report(const std::vector<DesignPoint>& points, const WorkingSpace& space, Estimate& e);

}  // namespace buffon

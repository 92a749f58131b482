/// The targets of a transport problem as the solvers want them: different points with positive masses. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// Targets that differ, with what they are to receive.
struct Targets {
    Matrix points;
    std::vector<double> masses, centre;
    std::vector<std::int64_t> first;      // (merged) index among the user's points of the first that is equal
    std::vector<std::int64_t> merged;     // (n) row of `points`, -1 where nothing is wanted
};

/// Normalised masses; equal ones where none are given.
/// @throw std::invalid_argument unless there is one for each point, finite, not negative, and one is positive.
std::vector<double> checked_masses(const Matrix& points, const std::optional<std::vector<double>>& given);

/// Equal points become one: their ties would split the mass arbitrarily. Points that receive nothing go.
Targets merge_targets(const Matrix& points, const std::vector<double>& masses);

}  // namespace buffon

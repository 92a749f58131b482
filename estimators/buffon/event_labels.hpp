/// Outputs that are no quantities: classes of the inputs, which stand beside events and tell where these may be. Not installed.
#pragma once

#include <string>
#include <vector>

#include <buffon/problem.hpp>

namespace buffon {

/// Whether an output is a label: "label" (a class number), or "label 1", ..., "label k" (distances to classes).
bool is_label(const std::string& name);

/// Events y_0 > t_j of a problem with one output beside its labels, followed by these.
/// @throw std::invalid_argument, naming `who`, for more outputs.
Problem labelled_exceedance(const std::string& who, const Problem& problem, const std::vector<double>& thresholds);

}  // namespace buffon

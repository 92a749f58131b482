/// Diagnostics that hold a number for each value of an estimate, and what becomes of them when other values are made of these.
/// Not installed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>

namespace buffon {

/// (k) For each new value the indices of those that it is made of.
using Parts = std::vector<std::vector<std::int64_t>>;

/// In an estimate that still has the diagnostics of `from`: those of each new value are the worst of its parts where
/// they are of tails
/// (pareto_k, pareto_k_residual, effective_terms, one_row_more); others (shares, ratios, coefficients, the picture) go.
void carry_per_value(const Estimate& from, const Parts& parts, Estimate& to);

/// The same where the new values are some of the old ones, as they were: all of theirs stay, but for the picture.
void keep_per_value(const Estimate& from, const std::vector<std::int64_t>& kept, Estimate& to);

/// Of two estimates of the same values: the worse of both where they are of tails; of all the others those that both have alike.
std::map<std::string, Diagnostic> merged_diagnostics(const Estimate& a, const Estimate& b);

}  // namespace buffon

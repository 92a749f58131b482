/// Outputs' means under laws that the sample was not drawn from, and whether it can say anything of these laws. Not installed.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/kept_rows.hpp>
#include <buffon/reweight.hpp>

namespace buffon {

/// The laws with their names in messages and before the outputs' names ("": none).
struct NewLaws {
    std::vector<LogDensity> densities;
    std::vector<std::string> names;
    std::int64_t size() const { return static_cast<std::int64_t>(densities.size()); }
    std::string prefix(std::int64_t j) const { return names[static_cast<std::size_t>(j)].empty() ? "" : names[static_cast<std::size_t>(j)] + ": "; }
};

/// J m means, law by law. With `normalised`, or failed rows, divided by the mean weight (of successes).
Estimate means_under(const KeptRows& rows, const NewLaws& laws, bool normalised, bool controls);

/// E[w a] / E[w b] of `count` pairs (a, b) = pair(draw, which) for each law, law by law; failed rows do not count. `names`: one per value.
using PairOf = std::function<std::pair<double, double>(std::int64_t draw, std::int64_t which)>;
Estimate ratio_means(const KeptRows& rows, std::vector<std::string> names, const NewLaws& laws, std::int64_t count, const PairOf& pair,
                     bool controls);

/// Diagnostics mean_weight, effective_size, pareto_k_weights (J), and a warning where a mean weight is not 1: the sample misses a
/// part of that law.
void judge_weights(const KeptRows& rows, const NewLaws& laws, Estimate& e);

/// Warns where a law has mass outside the support of the law `from` that the rows were drawn from.
void judge_supports(const KeptRows& rows, const std::vector<Distribution>& laws, const NewLaws& named, Estimate& e);

/// @throw std::invalid_argument: `raise`, where k-hat is above min(1 - 1 / log10 n, 0.7), fewer than ten effective weights, or mass is
/// missed; `automatic`, where fewer than ten weights and terms count, or k-hat is above 1 (not even a mean) and fewer than five do.
void refuse(const KeptRows& rows, Doubtful doubtful, const Estimate& e);

}  // namespace buffon

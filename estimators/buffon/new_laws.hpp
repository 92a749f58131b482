/// Outputs' means under laws that the sample was not drawn from, and whether it can say anything of these laws. Not installed.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/kept_rows.hpp>
#include <buffon/sample_options.hpp>

namespace buffon {

/// The laws with their names in messages and before the outputs' names ("": none).
struct NewLaws {
    std::vector<LogDensity> densities;
    std::vector<std::string> names;
    std::vector<Distribution> laws = {};   // none where there are densities alone
    std::int64_t size() const { return static_cast<std::int64_t>(densities.size()); }
    std::string prefix(std::int64_t j) const {
        return names[static_cast<std::size_t>(j)].empty() ? "" : names[static_cast<std::size_t>(j)] + ": ";
    }
};

/// The law, or where there is none that of the sample's inputs, without a name.   @throw as KeptRows::base.
NewLaws one_law(const KeptRows& rows, const std::optional<Distribution>& law);

/// J m means, law by law. With `normalised`, or failed rows, divided by the mean weight (of successes).
Estimate means_under(const KeptRows& rows, const NewLaws& laws, bool normalised, bool controls);

/// E[w a] / E[w b] of `count` pairs (a, b) = pair(draw, which) for each law, law by law; failed rows do not count.
/// `names`: one per value.
using PairOf = std::function<std::pair<double, double>(std::int64_t draw, std::int64_t which)>;
Estimate ratio_means(const KeptRows& rows, std::vector<std::string> names, const NewLaws& laws, std::int64_t count,
                     const PairOf& pair, bool controls);

/// Diagnostics mean_weight, effective_size, pareto_k_weights (J), and warnings where a mean weight is not 1 (the sample
/// misses a part
/// of that law) and where a law has mass outside the support of the law that the rows were drawn from.
/// @throw std::invalid_argument: `raise`, where k-hat is above min(1 - 1 / log10 n, 0.7), fewer than ten effective
/// weights, or mass is
/// missed; `automatic`, where fewer than ten weights and terms count, or k-hat is above 1 (not even a mean) and fewer
/// than five do.
void judge(const KeptRows& rows, const NewLaws& laws, Doubtful doubtful, Estimate& e);

/// Warns where a value that others are divided by is fewer than four standard errors from 0. `relative`: what is divided.
void warn_of_zero(const std::string& name, double value, double error, const std::string& relative, Estimate& e);

}  // namespace buffon

/// Joint means of many summands over the draws of a kept sample, each improved by controls. Nothing of the size of draws x means
/// is held. Not installed.
/// Source: Owen & Zhou (2000) for the controls, Portier & Segers (2019) for the regression; cross-fitted: the coefficients of a
/// draw come from others, so controls bring no bias.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/kept_rows.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Summands of some means, and functions of the same draws that have mean 0.
struct Terms {
    Matrix t;          // (rows, E)
    Matrix controls;   // (rows, X), beside those that the sample keeps; the first, if any, is the weight less 1
    Matrix judged;     // (rows, E) whose tails tell what t's do; none: t itself
};
/// Those of draws first ... first + count of a group; E and X must be the same for all draws.
using TermsOf = std::function<Terms(std::int64_t group, std::int64_t first, std::int64_t count)>;

/// Means over the draws, group after group, with their joint covariance and what their tails say: names, n, n_failed, rng_key
/// (a fingerprint of the rows), warnings and the diagnostics pareto_k, pareto_k_residual, effective_terms and, of weighted terms
/// with `edges`, one_row_more are set. Errors are those of replicates where there are some (Student with R - 1), else
/// of independent
/// draws, and `widen_by_half_a_row` of these where one_row_more is set. A control whose own tail leaves a coefficient
/// no error (k-hat > 0.5) is not used, nor any without `regress`.
Estimate joint_means(const KeptRows& rows, std::vector<std::string> names, std::int64_t groups, const TermsOf& terms,
                     bool regress = true, bool edges = true);

}  // namespace buffon

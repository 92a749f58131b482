/// From the sums of a pick-freeze run to Sobol' indices: of each output, and of all of them together. Not installed.
#pragma once

#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/sobol.hpp>
#include <buffon/sobol_design.hpp>
#include <buffon/sobol_sums.hpp>

namespace buffon {

inline constexpr std::int64_t fewest_replicates = 4;   // Student's law needs a degree of freedom: R / 2 - 1
inline constexpr double no_effect = 1e-13;             // of the largest output: a step that is none

/// Whether some input has no bounds: no net meets all that it may do.
bool has_no_bounds(const Distribution& inputs);

/// @throw std::invalid_argument for so many outputs that the covariance of all indices would not fit.
void require_few_values(const SobolDesign& design, const SobolOptions& options, std::int64_t outputs);

/// The joint estimate of all indices from the replicates that are whole, as `indices_of` takes it apart, with
/// diagnostics and warnings.
/// @param surrogates  (m, 4), or none.
/// @param alike       (m) rows like these that would make the variance, of FirstSquares: errors hold one more.   @throw
/// std::invalid_argument for fewer than `fewest_replicates` of them.
Estimate indices_found(const Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, const SobolSums& sums,
                       const std::vector<std::vector<Surrogate>>& surrogates, const std::vector<double>& alike);

}  // namespace buffon

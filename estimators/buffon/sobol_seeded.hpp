/// Sobol' indices of the mean of a random model, one of whose inputs is its noise: what noise adds to the variance is
/// in none of them.
/// Not installed.
#pragma once

#include <cstdint>

#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/input_groups.hpp>
#include <buffon/sobol.hpp>

namespace buffon {

/// The joint estimate of first and total orders, as `indices_of` takes it apart: see seeded_sums.hpp. Intervals are
/// Student's over replicates.
/// Warns where the variance of the mean is not told from 0.
Estimate seeded_indices(Evaluation& evaluate, Groups groups, const SobolOptions& options);

/// Evaluations that it takes at least, and with which it says something.
std::int64_t seeded_pilot(std::int64_t groups, std::int64_t replicates);

}  // namespace buffon

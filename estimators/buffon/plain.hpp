/// Plain Monte Carlo: the mean over independent draws of the inputs.
#pragma once

#include <buffon/estimate.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

/// `budget` independent evaluations; covariance = sample covariance of y / n. Unbiased.
/// @throw std::invalid_argument for budget < 2; ModelError when the model fails.
Estimate plain(const Problem& problem, const Run& run);

}  // namespace buffon

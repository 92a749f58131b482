/// Sobol' indices from expectations of products of two outputs, all from one adaptive importance sample. Not installed.
/// Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568, section on Sobol' indices, whose law of two independent
/// copies (x, x') of the
/// inputs and whose first orders these are; total orders are ours.
#pragma once

#include <cstdint>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/input_groups.hpp>
#include <buffon/sobol.hpp>

namespace buffon {

/// Two independent copies of these inputs, "a", "b", "a'", "b'".   @throw std::invalid_argument for other laws than
/// Joint and MultivariateNormal.
Distribution doubled(const Distribution& inputs);

/// The joint estimate of first and total orders, as `indices_of` takes it apart: K = 2 G + 1 evaluations for each pair (x, x').
/// With Y = f(x) - c, Y_i where group i comes from x and all others from x', Y_~i the reverse: mu = E Y, q = E Y^2, V = q - mu^2,
/// S_i = (E Y Y_i - mu^2) / V, T_i = 1 - (E Y Y_~i - mu^2) / V; delta method. c is the mean of a pilot where that is
/// larger than the
/// standard deviation, else 0: products are then positive where the output is, and zero where an event is not.
Estimate doubled_indices(Evaluation& evaluate, const Groups& groups, const SobolOptions& options);

/// Evaluations that it takes at least.
std::int64_t least_doubled_budget(const Groups& groups);

}  // namespace buffon

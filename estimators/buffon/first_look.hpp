/// The first batch of a search for rare events: points of the input law, whose scores say where to go. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/pool.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// Draws a batch from the input law into the pool: a tenth of the `most` evaluations that the adaptation may take, between 10 and
/// 1,000; nothing where that allows no 10.
void look_first(Evaluation& evaluate, const WorkingSpace& space, std::int64_t most, Pool& pool);

/// Warns that no output has a score, so that nothing leads to a rare event.
void warn_of_no_score(const Evaluation& evaluate, Estimate& e);

/// @throw std::invalid_argument unless there are none or one for each output, once their number is known.
void check_output_weights(const Evaluation& evaluate, const std::vector<double>& weights);

}  // namespace buffon

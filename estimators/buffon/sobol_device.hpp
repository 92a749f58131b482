/// Segments of a pick-freeze run that a device draws, evaluates and sums. Not installed.
#pragma once

#include <cstdint>

#include <buffon/evaluation.hpp>
#include <buffon/sobol_design.hpp>
#include <buffon/sobol_sums.hpp>
#include <buffon/sobol_tails.hpp>

namespace buffon {

/// All segments where the run is on a device, the model has one output, and the inputs, all alone in their groups, have
/// forms for it;
/// returns how many that were: 0 elsewhere, fewer where an output is not finite. Values are centred at the mean of a
/// few rows, which
/// are evaluated for that, and to judge the tail, once more. A run that stops early makes none of these evaluations again.
std::int64_t add_on_device(Evaluation& evaluate, const SobolDesign& design, SobolSums& sums, FirstSquares& squares);

}  // namespace buffon

/// What a run of sobol knows when it ends, and the tables that hold it for `extend`. Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/sobol.hpp>
#include <buffon/sobol_design.hpp>
#include <buffon/sobol_sums.hpp>
#include <buffon/sobol_tails.hpp>
#include <buffon/state.hpp>

namespace buffon {

struct SobolState {
    SobolSums sums;
    std::vector<std::vector<Surrogate>> surrogates;   // (m, 4), or none
    FirstSquares squares;
};

/// What the design was, and how it is read.
struct SobolSettings {
    SobolOptions options;          // all groups are given, those of one input too
    std::int64_t points = 0, replicates = 0;
    std::int64_t pilot = 0;        // evaluations before the design
};

/// Sums, surrogates and settings. `names` of the joint estimate are not in it: `settings_of` takes the groups' from there.
State stored(const SobolState& known, const Evaluation& evaluate, const SobolDesign& design, const SobolSettings& settings);
/// @throw std::invalid_argument for a state that is damaged.
SobolSettings settings_of(const State& state, const Estimate& joint);
SobolState restored(const State& state, const SobolDesign& design);

}  // namespace buffon

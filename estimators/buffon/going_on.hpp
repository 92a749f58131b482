/// How each estimator goes on from the state that a finished run of it left. The evaluation counts what was spent, its budget
/// is the new total, its key that of the run. Not installed.
#pragma once

#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/state.hpp>

namespace buffon {

Estimate go_on_plain(Evaluation& evaluate, const State& state);
Estimate go_on_quasi(Evaluation& evaluate, const State& state);
Estimate go_on_importance(Evaluation& evaluate, const State& state, const Distribution& proposal);
Estimate go_on_aiscv(Evaluation& evaluate, const State& state, const std::vector<Distribution>& laws);
/// `before` is the estimate that left the state.
Estimate go_on_amis(Evaluation& evaluate, const State& state, const std::vector<Distribution>& laws, const Estimate& before);

Estimate go_on_sobol(Evaluation& evaluate, const State& state, const Estimate& before);

/// Of an estimator that ran under control: it goes on, and the controls correct what it finds.
struct ExtendOptions;
Estimate go_on_control(const Estimate& before, const Problem& problem, const Run& run, const ExtendOptions& options);

}  // namespace buffon

/// A pick-freeze run: evaluations in the order of the design, summed as they come; what the surrogate needs again is
/// kept. Not installed.
#pragma once

#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/sobol.hpp>
#include <buffon/sobol_design.hpp>
#include <buffon/sobol_state.hpp>
#include <buffon/sobol_sums.hpp>
#include <buffon/sobol_tails.hpp>
#include <buffon/surrogate_fit.hpp>

namespace buffon {

/// Whether these options ask for a surrogate.
bool with_surrogate(const SobolOptions& options);

class SobolRun {
public:
    /// `pilot`: evaluations for the surrogate alone, before the design; 0: it is fitted to the design's.
    SobolRun(Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, std::int64_t pilot);
    /// Goes on with the replicates after those of `before`, with its surrogates.
    SobolRun(Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, SobolState before);

    /// The joint estimate; its state where the run keeps one.
    Estimate operator()();
    const SobolState& known() const { return state_; }
    /// Of what is finished; without a surrogate where none was fitted yet.
    Estimate partial() const;

private:
    void fit_to_pilot();
    void fit_to_kept();
    Estimate conclude() const;

    Evaluation& evaluate_;
    const SobolDesign& design_;
    const SobolOptions& options_;
    std::int64_t pilot_ = 0;
    bool continued_ = false;
    SobolState state_;                  // sums and surrogates so far
    std::vector<SegmentValues> kept_;
};

}  // namespace buffon

/// A Langevin step of a predictor-corrector sampler, x + w (D - x) + noise xi, whose size follows from how long the numbers xi and
/// the pull D - x are: written once for the processor and for CUDA devices. Not installed.
/// Source: Song et al., "Score-based generative modeling through stochastic differential equations", arXiv:2011.13456, algorithm 4.
#pragma once

#include <cmath>

#include <buffon/config.hpp>

namespace buffon {

struct LangevinCorrection {
    double weight = 0.0, noise = 0.0;

    /// @param scale 2 snr^2   @param drawn |xi|   @param pull |D - x|, 0 where there is no score: then no step
    BUFFON_HD static LangevinCorrection of(double scale, double drawn, double pull, double rho) {
        const double ratio = pull > 0 ? drawn * rho / pull : 0.0, w = scale * ratio * ratio;
        return {w, rho * std::sqrt(2 * w)};
    }
};

}  // namespace buffon

/// The probability-flow ODE by the discretisation of the forward chain: reverse diffusion with half of the score and no noise.
/// Not Euler's method in the noise level; both are of first order, with other constants.
/// Source: Song et al., "Score-based generative modeling through stochastic differential equations", ICLR 2021, appendix D.
#pragma once

#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct ProbabilityFlowOptions {
    static constexpr auto fields() { return std::tuple{}; }
};

/// A step to sigma = 0 returns the data prediction.
Table probability_flow(const Schedule& schedule, const Grid& grid, const ProbabilityFlowOptions& options = {});

}  // namespace buffon::diffusion

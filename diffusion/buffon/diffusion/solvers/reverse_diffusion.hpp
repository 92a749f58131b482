/// Reverse diffusion: the reverse SDE with the increments of the forward chain, whose mean the last step returns.
/// Source: Song et al., "Score-based generative modeling through stochastic differential equations", ICLR 2021, appendix E
/// (algorithms 2 and 3 without the corrector).
#pragma once

#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct ReverseDiffusionOptions {
    static constexpr auto fields() { return std::tuple{}; }
};

/// A step to sigma = 0 returns the data prediction.
Table reverse_diffusion(const Schedule& schedule, const Grid& grid, const ReverseDiffusionOptions& options = {});

}  // namespace buffon::diffusion

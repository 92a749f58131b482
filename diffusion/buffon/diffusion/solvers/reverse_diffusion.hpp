/// Reverse diffusion: the reverse SDE with the increments of the forward chain, whose mean the last step returns.
/// Source: Song et al., "Score-based generative modeling through stochastic differential equations", ICLR 2021, appendix E
/// (algorithms 2 and 3); with `corrections` it is their
/// predictor-corrector sampler, each step after Langevin steps at its own level.
#pragma once

#include <cstdint>
#include <tuple>

#include <buffon/diffusion/norms.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct ReverseDiffusionOptions {
    std::int64_t corrections = 0;
    double snr = 0.16;
    Norms norms = Norms::sample;

    static constexpr auto fields() {
        return std::tuple{
            Field{"corrections", &ReverseDiffusionOptions::corrections,
                  "Langevin steps before each step, one evaluation each; 1 is the predictor-corrector sampler"},
            Field{"snr", &ReverseDiffusionOptions::snr, "ratio of the norms of score and noise in a Langevin step"},
            Field{"norms", &ReverseDiffusionOptions::norms,
                  "'sample' takes them for each sample, which then is the same alone, but in few dimensions widens the "
                  "law; 'batch', as published, means over all samples"}};
    }
};

/// @throw std::invalid_argument for corrections < 0 or snr <= 0.
/// A step to sigma = 0 returns the data prediction.
Table reverse_diffusion(const Schedule& schedule, const Grid& grid, const ReverseDiffusionOptions& options = {});

}  // namespace buffon::diffusion

/// DDIM: one exponential-Euler step per evaluation; eta = 1 is the ancestral sampler of DDPM.
/// Source: Song, Meng, Ermon, "Denoising diffusion implicit models", ICLR 2021, eq. (12).
#pragma once

#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct DdimOptions {
    double eta = 0.0;

    static constexpr auto fields() {
        return std::tuple{Field{"eta", &DdimOptions::eta,
                                "share of the posterior's standard deviation that is noise: 0 deterministic, 1 DDPM"}};
    }
};

/// @throw std::invalid_argument for eta < 0 or one so large that a step's noise would exceed its level.
Table ddim(const Schedule& schedule, const Grid& grid, const DdimOptions& options = {});

}  // namespace buffon::diffusion

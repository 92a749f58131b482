/// Ancestral sampling in the noise level: a step down past the next level, then noise up to it.
/// Source: the "ancestral" form of Song et al. (ICLR 2021, appendix F) with the share eta of Song, Meng, Ermon (ICLR 2021),
/// as common samplers of the EDM family have it. DDIM with the same eta but for the last step, which here adds noise, too.
#pragma once

#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct AncestralOptions {
    double eta = 1.0;
    double s_noise = 1.0;

    static constexpr auto fields() {
        return std::tuple{
            Field{
                "eta", &AncestralOptions::eta,
                "share of the posterior's standard deviation that is noise; what would exceed the level is cut to it"},
            Field{"s_noise", &AncestralOptions::s_noise,
                  "factor on the standard deviation of the added noise; 1 matches the level"}};
    }
};

/// @throw std::invalid_argument for eta < 0 or s_noise < 0.
Table ancestral(const Schedule& schedule, const Grid& grid, const AncestralOptions& options = {});

}  // namespace buffon::diffusion

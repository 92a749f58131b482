/// DDPM's ancestral sampler: a draw from the law of the next state given the data prediction.
/// Source: Ho, Jain, Abbeel, "Denoising diffusion probabilistic models", NeurIPS 2020, algorithm 2 and section 3.2.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// `posterior`: that of the next state given x0 and the present one; `large`: that of the present state given the next one.
enum class StepVariance { posterior, large };

struct DdpmOptions {
    StepVariance variance = StepVariance::posterior;

    static constexpr auto fields() {
        return std::tuple{Field{
            "variance", &DdpmOptions::variance,
            "noise of a step: 'posterior', exact where the data are known, or 'large', beta_n of the forward chain"}};
    }
};

/// The last step adds no noise: it is DDIM's.
Table ddpm(const Schedule& schedule, const Grid& grid, const DdpmOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::StepVariance> {
    static constexpr std::array<std::string_view, 2> names{"posterior", "large"};
};

/// Posterior sampling of mean-reverting diffusion, the published sampler before MRS: a draw from the law of the next state
/// given this one and the data prediction in the place of x0. With A = alpha_s / alpha_t, B = alpha_s, C = alpha_t
///     x = mu + A (1 - C^2) / (1 - B^2) (x - mu) + C (1 - A^2) / (1 - B^2) (D - mu) + sinf sqrt((1 - A^2) (1 - C^2) /
///     (1 - B^2)) xi.
/// Source: Luo, Gustafsson, Zhao, Sjölund, Schön, "Photo-realistic image restoration in the wild with controlled
/// vision-language models", CVPR Workshops 2024, section 3.1.
#pragma once

#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct PosteriorMrOptions {
    static constexpr auto fields() { return std::tuple{}; }
};

Table posterior_mr(const Schedule& schedule, const Grid& grid, const PosteriorMrOptions& options = {});

}  // namespace buffon::diffusion

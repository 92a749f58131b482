/// Annealed Langevin dynamics: `each` steps x + c (D - x) + rho sqrt(2 c) xi at every level, none between the levels.
/// From the last levels alone it is
/// the refinement that DPM-OT was published with.
/// Source: Song, Ermon, "Generative modeling by estimating gradients of the data distribution", NeurIPS 2019, algorithm
/// 1, with steps
/// x + a / 2 score + sqrt(a) xi, a = epsilon (rho / rho_last)^2: c = epsilon / (2 rho_last^2).
#pragma once

#include <cstdint>
#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct AnnealedLangevinOptions {
    std::int64_t each = 5;
    double step = 0.062;

    static constexpr auto fields() {
        return std::tuple{
            Field{"each", &AnnealedLangevinOptions::each, "Langevin steps at each level, one evaluation each"},
            Field{"step", &AnnealedLangevinOptions::step,
                  "c in (0, 1): the step size over the square of the level; 0.062 is what DPM-OT was published with "
                  "for CIFAR-10"}};
    }
};

/// The steps leave the level's law by O(c), and nothing contracts between the levels: an error that more levels do not
/// lower, so order 0.
/// A step to sigma = 0 returns the data prediction, one evaluation more; without it the last level has its steps, too.
/// @throw std::invalid_argument for each < 1 or a step outside (0, 1).
Table annealed_langevin(const Schedule& schedule, const Grid& grid, const AnnealedLangevinOptions& options = {});

}  // namespace buffon::diffusion

/// The linear multistep method in sigma: Adams-Bashforth for dx = eps drho on any grid; DEIS's rhoAB of degree order - 1.
/// Source: Liu, Ren, Lin, Zhao, "Pseudo numerical methods for diffusion models on manifolds", ICLR 2022, section 3.2; with
/// exact weights on the grid: Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023.
#pragma once

#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct LmsOptions {
    int order = 4;

    static constexpr auto fields() {
        return std::tuple{Field{"order", &LmsOptions::order,
                                "how many noise predictions the polynomial goes through, 1 (Euler) ... 4"}};
    }
};

/// @throw std::invalid_argument for an order outside 1 ... 4.
Table lms(const Schedule& schedule, const Grid& grid, const LmsOptions& options = {});

}  // namespace buffon::diffusion

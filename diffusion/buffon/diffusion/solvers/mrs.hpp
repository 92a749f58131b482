/// MRS, fast samplers of mean-reverting diffusion, on the reverse ODE or the reverse SDE. In (x - (1 - alpha) mu) / alpha the
/// process is x0 + rho eps like every other, so they are DPM-Solver (noise) and DPM-Solver++ (data) with exact weights.
/// Source: Li, Fang, Zhao, Lu, Yang, Xu, "MaRS: a fast sampler for mean reverting diffusion based on ODE and SDE
/// solvers", ICLR 2025
/// (arXiv:2502.07856). Its code's third order misses a factor 2 of the second derivative; this one does not.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// What is extrapolated. The velocity of a network becomes its data prediction first: the same rows as `data`.
enum class MrsPrediction { noise, data, velocity };

struct MrsOptions {
    int order = 2;
    MrsPrediction prediction = MrsPrediction::data;
    bool sde = false;
    bool lower_order_final = false;

    static constexpr auto fields() {
        return std::tuple{
            Field{"order", &MrsOptions::order, "1, 2 or 3; with sde 1 or 2"},
            Field{"prediction", &MrsOptions::prediction,
                  "what is extrapolated: 'noise', 'data', or 'velocity', whose rows are those of 'data'"},
            Field{"sde", &MrsOptions::sde,
                  "whether to solve the stochastic equation: every step adds noise, but one to sigma = 0"},
            Field{"lower_order_final", &MrsOptions::lower_order_final,
                  "whether the order falls to 1 in the last steps of a table of fewer than 10"}};
    }
};

/// @throw std::invalid_argument for an order outside 1 ... 3, or 3 with sde.
Table mrs(const Schedule& schedule, const Grid& grid, const MrsOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::MrsPrediction> {
    static constexpr std::array<std::string_view, 3> names{"noise", "data", "velocity"};
};

/// Euler's method for dx/d(rho) = (x - D) / rho; with churn the first-order form of EDM's stochastic sampler. Without churn
/// the same table as DDIM.
/// Source: Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022,
/// algorithm 2 without the correction.
#pragma once

#include <buffon/diffusion/churn.hpp>
#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// @throw std::invalid_argument for a negative s_churn or s_noise, or s_tmin > s_tmax.
Table euler(const Schedule& schedule, const Grid& grid, const ChurnOptions& options = {});

}  // namespace buffon::diffusion

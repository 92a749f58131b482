/// Heun's method for dx/d(rho) = (x - D) / rho, EDM's sampler: with churn its stochastic form.
/// Source: Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022,
/// algorithms 1 and 2.
#pragma once

#include <buffon/diffusion/churn.hpp>
#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// Two evaluations per step, one in a step to sigma = 0.
/// @throw std::invalid_argument for a negative s_churn or s_noise, or s_tmin > s_tmax.
Table heun(const Schedule& schedule, const Grid& grid, const ChurnOptions& options = {});

}  // namespace buffon::diffusion

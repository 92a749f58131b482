/// DPM-Solver: the noise prediction is extrapolated by a polynomial in lambda.
/// Source: Lu, Zhou, Bao, Chen, Li, Zhu, "DPM-Solver: a fast ODE solver for diffusion probabilistic model sampling in around
/// 10 steps", NeurIPS 2022.
#pragma once

#include <buffon/diffusion/dpm_solver.hpp>

namespace buffon::diffusion {

/// @throw std::invalid_argument for an order outside 1 ... 3, and for options that exclude each other.
Table dpm(const Schedule& schedule, const Grid& grid, const DpmOptions& options = {});

}  // namespace buffon::diffusion

/// DPM-Solver++: the data prediction is extrapolated by a polynomial in lambda.
/// Source: Lu, Zhou, Bao, Chen, Li, Zhu, "DPM-Solver++: fast solver for guided sampling of diffusion probabilistic models",
/// arXiv:2211.01095.
#pragma once

#include <buffon/diffusion/dpm_solver.hpp>

namespace buffon::diffusion {

/// @throw std::invalid_argument for an order outside 1 ... 3, and for options that exclude each other.
Table dpmpp(const Schedule& schedule, const Grid& grid, const DpmOptions& options = {});

}  // namespace buffon::diffusion

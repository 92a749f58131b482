/// F-PNDM: three steps of the pseudo Runge-Kutta method, then the four-step Adams-Bashforth method in the noise prediction.
/// With the multistep warm-up it is iPNDM.
/// Source: Liu, Ren, Lin, Zhao, "Pseudo numerical methods for diffusion models on manifolds", ICLR 2022, algorithm 2;
/// iPNDM: Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023, section H.2.
#pragma once

#include <buffon/diffusion/solvers/pndm.hpp>
#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// steps + 9 evaluations (from 3 steps on), or steps with the multistep warm-up. The weights are those of equal steps in the
/// noise level: on other grids of second order only, on one that is uniform in it of fourth.
Table fpndm(const Schedule& schedule, const Grid& grid, const PndmOptions& options = {});

}  // namespace buffon::diffusion

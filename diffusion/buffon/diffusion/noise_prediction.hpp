/// What solvers in the noise prediction eps = (x - D) / rho share. Not installed.
#pragma once

#include <span>

#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

/// The noise prediction at x, a value of level rho > 0: one evaluation.
Combination noise_of(Recorder& r, const Combination& x, double rho);

/// Adams-Bashforth slope of order 1 ... 4 for equal steps from the slopes e, newest last.
Combination adams_bashforth(std::span<const Combination> e, int order);

}  // namespace buffon::diffusion

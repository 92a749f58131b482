/// Adams-Bashforth methods for the probability flow in x / alpha, dx = eps drho: the polynomial through the last noise
/// predictions is integrated exactly, so any grid will do.
/// Source: Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023, section 3.3.
#pragma once

#include <functional>

#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

/// Writes all steps down. `outputs`: through how many predictions; fewer in the first steps. A step to rho = 0 ends at
/// D. `variable`: the polynomial's, a
/// monotone function of lambda.
void adams_bashforth(Recorder& r, const Nodes& n, int outputs, const std::function<double(double)>& variable);

}  // namespace buffon::diffusion

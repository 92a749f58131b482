/// Input perturbation: what an exact denoiser becomes when it is trained on inputs with more noise than it is told,
/// against exposure bias.
/// Source: Ning, Sangineto, Porrello, Calderara, Cucchiara, "Input perturbation reduces exposure bias in diffusion
/// models", ICML 2023,
/// arXiv:2301.11706: the input is x0 + sigma (eps + gamma xi), the target eps. Its best prediction in closed form is ours.
#pragma once

#include <buffon/diffusion/denoiser.hpp>

namespace buffon::diffusion {

/// D'(x; sigma) = x - (x - D(x; s)) / (1 + gamma^2), s = sigma sqrt(1 + gamma^2): x is x0 + s n, and eps a part of n. Its noise
/// prediction is the model's at s divided by sqrt(1 + gamma^2). It knows levels up to the model's divided by that root.
/// @throw std::invalid_argument for gamma that is negative or not finite.
Denoiser input_perturbed(const Denoiser& model, double gamma = 0.1);

}  // namespace buffon::diffusion

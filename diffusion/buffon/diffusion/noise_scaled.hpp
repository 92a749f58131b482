/// Epsilon scaling: the noise prediction eps = (x - D) / sigma of a denoiser times a factor, against exposure bias.
/// Source: Ning, Li, Su, Salah, Onal Ertugrul, "Elucidating the exposure bias in diffusion models", ICLR 2024, section 4, where
/// the prediction is divided by 1 + a little.
#pragma once

#include <functional>

#include <buffon/diffusion/denoiser.hpp>

namespace buffon::diffusion {

/// D' = x - factor (x - D). @throw std::invalid_argument for a factor that is not positive and finite.
Denoiser noise_scaled(const Denoiser& model, double factor);
/// The same with a factor for each noise level, which must be positive and finite where it is asked for.
Denoiser noise_scaled(const Denoiser& model, std::function<double(double sigma)> factor);

}  // namespace buffon::diffusion

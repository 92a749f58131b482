/// What a denoiser from outside answers must be finite: one quick pass over all numbers, a slow one only to name the first
/// that is not. Not installed.
#pragma once

#include <span>
#include <string_view>

#include <buffon/view.hpp>

namespace buffon::diffusion {

bool all_finite(std::span<const double> values);

/// @param what  begins the message: "Denoiser: the function must return finite numbers"
/// @throw std::invalid_argument naming the first number that is not finite, its row, and the level from `sigma` (one or
/// one per row).
void require_finite(std::string_view what, ConstView answer, std::span<const double> sigma);

}  // namespace buffon::diffusion

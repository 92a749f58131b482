/// How far a denoiser is from the data at each noise level, and how far the best linear one is: a right denoiser beats it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// Of each level.
struct DenoiserErrors {
    std::vector<double> error;       // mean of |D(x0 + sigma eps) - x0|^2 / d over the rows of data
    std::vector<double> std_error;   // of that mean
    std::vector<double>
        linear;   // of the best linear denoiser: mean of v sigma^2 / (v + sigma^2), v the variances along the axes
};

/// Row i at level j gets its noise from stream j of the key, index i. E |D - x0|^2 is smallest for D = E[x0 | x], so the right
/// parametrisation of a trained network has the smallest errors, and none above `linear` but for what it learned badly.
/// @param labels empty, or one per row
/// @throw std::invalid_argument for fewer than 2 rows, data of another dimension, a level the denoiser does not know.
DenoiserErrors denoiser_errors(const Denoiser& model, ConstView data, std::span<const double> levels,
                               std::span<const std::int64_t> labels, std::uint64_t key);

}  // namespace buffon::diffusion

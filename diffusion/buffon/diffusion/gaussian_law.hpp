/// The exact law of a solver's result where the data are N(mean, sd^2): the denoiser is affine, so every value of a table is
/// an affine function of the start and of the noise of its rows. No sampling.
#pragma once

#include <vector>

#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// constant + start * z + sum noise_k xi_k with independent standard normal z and xi_k.
struct AffineValue {
    double constant = 0.0;
    double start = 0.0;
    std::vector<double> noise = {};   // by row with noise

    double variance() const;
};

/// Result of the table, in the schedule's coordinates at its last time, for data N(mean, sd^2) and a start of their exact
/// law at the first level: alpha mean + hypot(alpha sd, sigma) z.
/// @throw std::invalid_argument for a table whose rows are not all known beforehand, or sd < 0.
AffineValue result_on_gaussian(const Table& table, double mean, double sd);

/// What a perfect solver makes of the same start.
AffineValue flow_on_gaussian(const Table& table, double mean, double sd);

}  // namespace buffon::diffusion

/// First heights of a transport problem of few or clustered targets: softened cells whose width shrinks level by level. Global
/// convergence, and no cell is ever empty; a draw costs an exponential per target. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/transport_draws.hpp>

namespace buffon {

/// (n) mean over plain draws of softmax_i((<x, y_i> + h_i) / width).
std::vector<double> soft_masses(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n);

/// From heights 0 and the standard deviation of the scores down to a quarter of the median gap between the two best scores: ten steps
/// h_i += width clip(log(wanted / soft mass), +-8) a level, each half as wide as the one before.
std::vector<double> soft_start(TransportDraws& draws);

/// Median gap between the two best scores.
double median_gap(TransportDraws& draws, std::span<const double> heights);

}  // namespace buffon

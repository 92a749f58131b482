/// First heights of a transport problem of few or clustered targets: softened cells whose width shrinks level by level. Global
/// convergence, and no cell is ever empty; a draw costs an exponential per target. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <buffon/transport_draws.hpp>

namespace buffon {

/// (n) mean over plain draws of softmax_i((<x, y_i> + h_i) / width).
std::vector<double> soft_masses(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n);

/// Where a soft start stands before a level of its own.
struct SoftLevel {
    std::vector<double> heights;   // none: not begun
    double width = 0.0;
    int level = 0;
    DrawsPosition at;
};

/// From heights 0 and the standard deviation of the scores down to `last_width`, or, if that is 0, to a quarter of the
/// median gap between the two
/// best scores, or to half of the budget: ten steps h_i += width clip(log(wanted / soft mass), +-8) a level, each half
/// as wide as the one before.
/// @param from a level to go on from   @param told called before each level
std::vector<double> soft_start(TransportDraws& draws, double last_width = 0.0, SoftLevel from = {},
                               const std::function<void(const SoftLevel&)>& told = {});

/// Ten such steps at one width.
void soft_steps(TransportDraws& draws, double width, std::vector<double>& heights);

/// Median gap between the two best scores.
double median_gap(TransportDraws& draws, std::span<const double> heights);

}  // namespace buffon

/// Softened cells: a draw x is shared among the targets, p_i(x) = softmax_i((<x, y_i> + h_i) / width). Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/transport_draws.hpp>

namespace buffon {

/// Shares of one draw: of the targets that are listed in `kept`; what is below e^-32 of the largest is left out, in
/// narrow cells nearly all.
struct SoftRow {
    std::size_t size = 0;      // of them
    double best = 0.0;         // largest score
    double log_sum = 0.0;      // width log sum_j e^(score_j / width)
};

/// @param scores (n)   @param p, kept (n), of which the first `size` are set
SoftRow soft_row(std::span<const float> scores, double width, std::span<double> p, std::span<std::size_t> kept);

/// Over plain draws: sums of p_i, of p_i^2, of the log sums, of the scores under the shares, of the best scores.
struct SoftCellSums {
    std::vector<double> masses, squares;   // (n)
    double log_sum = 0.0, shared = 0.0, best = 0.0;
    std::int64_t draws = 0;
};

/// At least n draws, whole blocks.
SoftCellSums soft_sums(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n);

/// (n, n) mean of p_i p_j over at least so many plain draws.
Matrix soft_products(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n);

}  // namespace buffon

/// Nearest neighbours of points in blocks, by looking at all pairs: nothing of size n x m is stored. Squared distances
/// are made from
/// products, in double: their error is some 1e-16 of the squares of the points, which should be centred; equal points have
/// distance 0 exactly. Bits do not depend on threads. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <buffon/metric_kernel_list.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Called between blocks with the number of pairs done; may throw.
using BlockDone = std::function<void(std::int64_t)>;

struct Neighbours {
    Matrix squares;                    // (n, k) squared distances, ascending
    std::vector<std::int64_t> index;   // (n, k) rows, the lower first among equals
};

/// The k nearest others of each point of x (n, d); k < n.
Neighbours nearest_neighbours(ConstView x, std::int64_t k, int threads = 0, const BlockDone& done = {});

/// Calls take(pairs) with all pairs (x_i, y_j), x (n, d), y (m, d), whose squared distance is below around_x[i] or around_y[j],
/// a block at a time, in any order of blocks, never two at once.
using TakePairs = std::function<void(std::span<const ClosePair>)>;
void for_close_pairs(ConstView x, ConstView y, std::span<const double> around_x, std::span<const double> around_y,
                     const TakePairs& take, int threads = 0, const BlockDone& done = {});

}  // namespace buffon

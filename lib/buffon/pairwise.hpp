/// Sums of a function of two points over all pairs, the hot loop of MMD, KID and energy distances. Distances are made from
/// differences, all in double; nothing of size n x m is stored. Bits do not depend on threads. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

enum class PairFunction { gaussian, distance, cubic };   // e^(-scale |a - b|^2), |a - b|, (scale a . b + 1)^3

/// Not to be taken for the sums over pairs of rows of estimators/buffon/pair_sums.hpp.
struct KernelSums {
    std::vector<double> rows;      // (n) sums over the points of y
    std::vector<double> columns;   // (m) sums over the points of x; none where these are met by themselves
    double squares = 0.0;          // sum of the squares over all pairs
};

/// Called between blocks with the number of pairs done, of n m or n n; may throw.
using PairsDone = std::function<void(std::int64_t)>;

/// Over the pairs (x_i, y_j); x (n, d), y (m, d).
KernelSums pair_sums(PairFunction f, double scale, ConstView x, ConstView y, int threads = 0, const PairsDone& done = {});

/// Over the pairs (x_i, x_j), i != j, in both orders.
KernelSums pair_sums(PairFunction f, double scale, ConstView x, int threads = 0, const PairsDone& done = {});

}  // namespace buffon

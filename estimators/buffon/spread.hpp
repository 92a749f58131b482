/// How much summands vary: point by point, and in nets, whose means vary far less when the summands are smooth. Not installed.
/// The pieces of one scrambled net are nets themselves: their means tell the error of nets at no further evaluation.
/// Source: Owen (1997) for the rates, between n^-1 and n^-3 in variance.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

struct Spread {
    /// Variance of the means of `count` pieces of `points` points.
    struct Pieces {
        std::int64_t points;
        std::int64_t count;
        std::vector<double> variance;   // (E)
    };

    std::vector<double> v;        // (E) variance of a summand
    std::vector<double> inside;   // (E) the same of the rows that the largest pieces hold
    std::vector<Pieces> pieces;   // halves of halves; none when the batch is too small or not a net

    /// log2 of how much less the mean of a net of m points varies than that of m independent points, <= 0, for the sum of
    /// the expectations with these weights: the pieces' variances extrapolated at their own rate.
    double log_gain(std::span<const double> weights, std::int64_t m) const;
};

/// Of the columns of `rest` (n, E), rows in the order of the net, their mean being fitted with `freedom` degrees left.
Spread spread_of(ConstView rest, double freedom, bool is_net, int threads = 1);

}  // namespace buffon

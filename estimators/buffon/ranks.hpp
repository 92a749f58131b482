/// Conditional means from neighbours: what the order of one input says of the outputs. Not installed.
/// Rows that are next to each other in the order of x share E[y | x] and nothing else, so the mean of the products of such
/// pairs is E[E[y | x]^2]. Rows with equal x (ties) count in the mean over all of their orders, in closed form.
/// Source: Chatterjee, J. Am. Stat. Assoc. 116 (2021); Gamboa, Gremaud, Klein, Lagnoux, Bernoulli 28 (2022).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

struct RankOrder {
    std::vector<std::int64_t> rows;    // (n) in the order of x; ties in one that neither x nor y knows of
    std::vector<std::int64_t> group;   // (g + 1) where the groups of equal x begin, and n

    std::int64_t groups() const { return static_cast<std::int64_t>(group.size()) - 1; }
};

/// Of column `input` of x (n, d).
RankOrder rank_order(ConstView x, std::int64_t input);

/// (m) mean of y_k y_{k+1} over neighbours, for centred outputs y (n, m). The first and the last pair count one and a half
/// times: a mean over n pairs, whose error from the ends is of order 1 / n^2.
std::vector<double> neighbour_products(const RankOrder& order, ConstView y);

/// Neighbours on each side that an error looks at, and rows that this needs.
inline constexpr std::int64_t error_neighbours = 8;
inline constexpr std::int64_t fewest_ranked = 30;

/// The errors of S = E[E[y | x]^2] / E[y^2] as the mean of n terms, for outputs y (n, m) with mean 0 and variance 1:
/// phi = 2 E[y | x] y - E[y | x]^2 - S y^2, and the product of what two neighbours have beyond E[y | x].
struct RankErrors {
    Matrix block;   // (m, m) variance of a term
    Matrix phi;     // (n / stride, m) of rows 0, stride, ...
    Matrix terms;   // (n / stride, m) products of neighbours less S y^2: of what tails and kurtosis are judged
};
RankErrors rank_errors(const RankOrder& order, ConstView y, const std::vector<double>& index, std::int64_t stride);

}  // namespace buffon

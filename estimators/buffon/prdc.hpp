/// Precision, recall, density and coverage of samples by the balls of nearest neighbours around points.
#pragma once

#include <cstdint>
#include <tuple>

#include <buffon/two_sample.hpp>

namespace buffon {

struct PrdcOptions {
    std::int64_t precision_k = 3;
    std::int64_t density_k = 5;
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"precision_k", &PrdcOptions::precision_k,
                  "balls of precision and recall reach to this nearest neighbour"},
            Field{"density_k", &PrdcOptions::density_k,
                  "balls of density and coverage reach to this nearest neighbour"},
            Field{"threads", &PrdcOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &PrdcOptions::progress, "called as progress(n, total) with the pairs that are done"}};
    }
};

/// Four values of each sample x (n, d) beside the reference y (m, d), r_k(a): distance of a to its k-th nearest other
/// of its sample:
///   precision  share of x_i with |x_i - y_j| < r_k(y_j) for some j      recall  the same with x and y exchanged
///   density    number of pairs with |x_i - y_j| < r_k(y_j), by k n      coverage  share of y_j with |x_i - y_j| <
///   r_k(y_j) for some i
/// All depend on n and m: their errors are about the mean at these sizes. Errors: differences between both halves of 15 balanced
/// splits of the rows of x and of y, with 15 degrees of freedom; samples share the splits. Names: "precision", or
/// "NAME.precision".
/// n counts all rows. O(n m d) by products of centred points; memory O(n + m) beside the points.
/// Diagnostics: floor (4 for each sample), the mean between samples of one law of these sizes, unbiased: the share of y
/// (of x) that is
/// among the k nearest of another one for precision (recall), 1 for density, 1 - prod_i (m - 1 - i) / (m - 1 + n - i), i < k, for
/// coverage; the last two for any law without atoms.
/// @throw std::invalid_argument for k < 1, fewer than 16 or 4 (k + 1) rows, other dimensions, numbers that are not finite.
/// Source: McCarthy (1969) for balanced half-samples; Kynkäänniemi et al., NeurIPS 2019; Naeem et al., ICML 2020.
Estimate prdc(const PointSets& x, const ReferencePoints& y, const PrdcOptions& options = {});

}  // namespace buffon

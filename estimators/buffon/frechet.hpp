/// The Frechet distance of samples: that of the normal laws with their means and covariances.
#pragma once

#include <cstdint>
#include <tuple>

#include <buffon/two_sample.hpp>

namespace buffon {

struct FrechetOptions {
    std::int64_t sizes = 0;
    std::int64_t error_rows = 256;
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"sizes", &FrechetOptions::sizes,
                  "0: the distance of the samples; 3 or more: that of infinitely many rows, from so many sizes"},
            Field{"error_rows", &FrechetOptions::error_rows,
                  "rows of each sample, evenly spaced, that errors are taken from"},
            Field{"threads", &FrechetOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &FrechetOptions::progress,
                  "called as progress(n, total) with the distances that are done"}};
    }
};

/// |mu_x - mu_y|^2 + tr C_x + tr C_y - 2 tr (C_x C_y)^(1/2), C with divisor n - 1, of samples x (n, d) and the
/// reference y (m, d):
/// squared, as the field reports it; sees the first two moments alone. More rows than columns: eigenvalues of L' C_x L,
/// C_y = L L' by
/// pivoted Cholesky; else the nuclear norm of the products of centred rows, which knows no (d, d). All are eigenvalues of
/// symmetric matrices: ones of t times the largest are known to 1e-16 / t of themselves. Biased upward, by `floor`
/// where laws are equal.
/// Errors: of the linear terms of `error_rows` rows of each sample; the samples share those of the reference, and equal numbers
/// of rows share theirs row by row. With `sizes` the value is the intercept of a least-squares line of distances of evenly
/// spaced rows, all to half of them, over 1 / n, and the error of the line is added; rows must be many more than columns.
/// Diagnostics: floor (k): mean between samples of one law, of these sizes, to the second order for normal laws:
/// (1/n + 1/m) (sum_i a_i + sum_ij a_i a_j (1 + [i = j]) / (2 (a_i + a_j))), a_i the eigenvalues of (C_x C_y)^(1/2);
/// slope (k) with `sizes`.
/// Warns where a sample has fewer than 2 d rows. n counts all rows. O((n + m) d^2 + d^3), or O(n m d) for few rows.
/// @throw std::invalid_argument for fewer than 4 rows, other dimensions, numbers that are not finite, sizes of 1 or 2.
/// Source: Dowson & Landau (1982); Heusel et al., NeurIPS 2017; Chong & Forsyth, CVPR 2020 for the extrapolation.
Estimate frechet(const PointSets& x, const ReferencePoints& y, const FrechetOptions& options = {});

}  // namespace buffon

/// Rows of a pick-freeze run that its surrogate is fitted to, and the fit. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/cross_fit.hpp>
#include <buffon/polynomial_ladder.hpp>
#include <buffon/sobol_design.hpp>
#include <buffon/view.hpp>

namespace buffon {

inline constexpr std::int64_t most_fit_rows = 1 << 14;

struct FitRow {
    std::int64_t replicate, set, row;   // row within the replicate
};

/// Every stride-th of all evaluations, at most most_fit_rows; the stride is odd: every second point of a net fills half
/// of the cube only.
std::vector<FitRow> fit_rows(const SobolDesign& design);

/// Uniforms of these rows, (rows, d).
Matrix fit_uniforms(const SobolDesign& design, const std::vector<FitRow>& rows, int threads);

/// Legendre for coordinates with bounded support, else Hermite.
std::vector<Family1d> families_of(const Distribution& inputs);

/// Largest set of terms for so many rows.
std::int64_t most_terms(std::int64_t rows);

/// Sums of the four folds, replicates r mod 4: y (rows, m) is centred. Rows that do not count (counts[i] false) are left out.
std::array<FitSums, folds> fit_sums(const Ladder& ladder, const std::vector<Family1d>& families,
                                    const std::vector<FitRow>& rows, ConstView u, ConstView y,
                                    const std::vector<char>& counts, int threads);

}  // namespace buffon

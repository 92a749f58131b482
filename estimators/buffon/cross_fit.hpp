/// Sparse least squares, cross-fitted: for each of four folds coefficients from the other three, of the set of terms and the
/// pruning that predict best among those. Not installed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <buffon/polynomial_ladder.hpp>
#include <buffon/view.hpp>

namespace buffon {

inline constexpr std::int64_t folds = 4;

/// Sums over the rows of one fold: terms psi (P), of which the first is 1, and responses f (m).
struct FitSums {
    double n = 0;
    Matrix gram;                 // (P, P) of psi psi'
    Matrix products;             // (P, m) of psi f'
    std::vector<double> squares; // (m) of f^2
};

struct Polynomial {
    std::vector<std::int64_t> terms;    // numbers of terms of the ladder; the constant is the first
    std::vector<double> coefficients;
    double error = 0;                   // squared, of the predictions that chose it
};

/// (4, m), fold by fold: for fold q and output j of the ladder's sets, and of each pruned to the terms that exceed three
/// standard errors and fitted again, the one with the least squared error where two of the other folds fit and the third is
/// predicted, summed over the three ways; then fitted to all three. Sets with more than a tenth of the rows of two folds are
/// skipped; the constant alone is always among them.
std::vector<Polynomial> cross_fit(const Ladder& ladder, const std::array<FitSums, folds>& sums, int threads);

}  // namespace buffon

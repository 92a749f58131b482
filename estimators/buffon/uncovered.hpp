/// Where an integrand differs from 0 and no component of the proposal is: what only the input law's own share has found.
/// Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Sums over the rows that are q_0's alone: the fitted components together have less than half of their density.
struct Uncovered {
    std::vector<double> sum, squares;   // of the sizes of the summands, by column

    /// Summands t (n, E) with the controls g_k / q - 1 (n, K), the first that of q_0, whose share of q is `share`.
    void add(ConstView t, ConstView controls, double share);
    void merge(const Uncovered& later);

    /// Of column e: how many equal terms would have this spread; 0 without any.
    double terms(std::int64_t e) const;
};

/// Warns of values whose error is that of fewer than ten such terms of a mean of n: each weighs up to 1 / share, and how many
/// of them were missed nobody knows. `columns`: the column of each value. diagnostics["uncovered"] (m): their part of the value.
void warn_of_uncovered(const Uncovered& uncovered, const std::vector<std::int64_t>& columns, std::int64_t n, Estimate& estimate);

}  // namespace buffon

/// The rows of a table that succeeded, ready for shares of variance. Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/sample.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct GivenRows {
    Matrix x, y;   // (n, d) inputs; (n, m) outputs with mean 0 and variance 1

    /// @throw std::invalid_argument, naming `who`, for negative threads, unequal weights, fewer rows than `fewest`, an
    /// output without
    /// variance.
    GivenRows(const std::string& who, const Sample& sample, std::int64_t fewest, int threads);

    /// Names "x1", or "x1: y" of several outputs, n, n_failed, groups and outputs for pictures, and what makes
    /// intervals doubtful.
    void describe(const Sample& sample, Estimate& e) const;
};

/// Tails, kurtosis and number of terms of the errors of all values, whose rows (n, m) these are. Warns below `few` rows
/// alike: what to do
/// about it is said in `advice`, for nobody can draw more rows of a table.
void judge_table(ConstView terms, double few, const std::string& advice, Estimate& e);

}  // namespace buffon

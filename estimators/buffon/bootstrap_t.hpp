/// Intervals for means of skewed terms, by the bootstrap of Student's ratio, over strata. Not installed.
/// Source: Efron (1981), Hall (1988); resamples are pure functions of a stream.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Independent rows of one stratum, as means of equally many consecutive ones: a thousand of them at most, whatever the
/// number of rows.
class BinnedRows {
public:
    void add(ConstView rows);
    const Matrix& bins() const { return bins_; }
    /// Whether each bin is one row.
    bool single() const { return each_ == 1; }

private:
    Matrix bins_, open_;          // full ones; sum of the one that is being filled
    std::int64_t each_ = 1, filled_ = 0;
};

/// sum over strata of weight times the mean of its rows. `shares`: rows are shares of circles in thin slabs. Those of
/// circles that nearly touch one have a tail P(share > s) ~ s^-2, whose end a sample has seldom seen: resamples draw
/// their ten largest, of fewer than twenty half of them, from such a tail up to 1. It begins flatter: of
/// measured shares of samplers the local index is 1.2 to 1.9 in the upper third, 1.5 to 2.2 in the upper tenth and 2.1 to
/// 2.5 beyond, so that ten of few rows are a tail of index 2 - 2 times their part of the rows, 1.5 at least.
struct Stratum {
    double weight = 1;
    bool shares = false;
    BinnedRows rows;
};

/// Bounds of the values of these columns, kept between 0 and 1 if `shares`; of a value 0 or without spread they are that value.
Bounds bootstrap_t(const std::vector<Stratum>& strata, const std::vector<std::int64_t>& columns, const Stream& stream,
                   bool shares, int threads);

}  // namespace buffon

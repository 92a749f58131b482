/// Whether importance weights have a variance, told by the tails of the summands. Not installed.
#pragma once

#include <cstdint>

#include <buffon/estimate.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// k-hat of the sizes of each column of `summands` (n, m) into diagnostics["pareto_k"] (NaN where there is no tail to
/// judge), and a warning for each above min(1 - 1 / log10 n, 0.7).
void judge_tails(ConstView summands, Estimate& estimate);

/// The first rows of a stream of tables: enough for the diagnosis, bounded in memory.
class FirstRows {
public:
    explicit FirstRows(std::int64_t most) : most_(most) {}
    void add(ConstView rows);
    const Matrix& rows() const { return rows_; }

private:
    std::int64_t most_;
    Matrix rows_;
};

}  // namespace buffon

/// Whether importance weights have a variance, told by the tails of the summands. Not installed.
#pragma once

#include <cstdint>

#include <buffon/estimate.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// k-hat of the sizes of the first m columns of `summands` (n, m or more); NaN where there is no tail to judge.
std::vector<double> tail_shapes(ConstView summands, std::int64_t m);

/// The same into diagnostics["pareto_k"], and a warning that names the values above min(1 - 1 / log10 n, 0.7).
void judge_tails(ConstView summands, Estimate& estimate);

/// Rows that are looked at: enough for the tail, bounded in memory.
inline constexpr std::int64_t judged_rows = 1 << 16;

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

/// Whether outputs have the fourth moment that errors of their Sobol' indices need. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/sobol_values.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Squares of the centred outputs at the first rows of both tables: an index is a ratio of their means.
class FirstSquares {
public:
    static constexpr std::int64_t most_rows =
        1 << 13;   // enough for a tail; more would be felt where evaluations take nanoseconds

    FirstSquares() = default;
    explicit FirstSquares(Matrix squares) : squares_(std::move(squares)) {}

    /// Rows of A and B that count. `centre` (m).
    void add(const SegmentValues& values, const std::vector<double>& centre);
    const Matrix& squares() const { return squares_; }
    /// Does now what takes longest in `alike` and `judge`.
    void look_ahead();

    /// (m) of `rows` rows: (sum s)^2 / sum s^2 of the squares, as if so many of them made the variance; 1 where none was met.
    std::vector<double> alike(double rows, std::int64_t outputs) const;

    /// diagnostics["pareto_k_squares"] (m), k-hat of the squares: from 0.5 on there may be no fourth moment; and
    /// ["effective_rows"] (m), (sum s)^2 / sum s^2 of the squares of `rows` rows, as if so many of them made the
    /// variance; inf for
    /// outputs that diagnostics["constant"] names. Warns of fewer than ten rows, and,
    /// where inputs have no bounds (`without_bounds`: else there is no tail beyond what was met), of k-hat above min(1
    /// - 1 / log10 n, 0.7) with
    /// fewer than thirty, or fewer than ten in what a surrogate leaves ("effective_rows_left"): of small samples k-hat
    /// alone is too noisy.
    void judge(double rows, const std::vector<std::string>& outputs, bool without_bounds, Estimate& estimate) const;

private:
    Matrix squares_;                // (rows, m)
    std::vector<double> shapes_, alike_;   // k-hat and (sum s)^2 / sum s^2 of each, where they are known
};

}  // namespace buffon

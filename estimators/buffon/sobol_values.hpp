/// Evaluates the segments of a pick-freeze design one after the other, each evaluation once. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <buffon/evaluation.hpp>
#include <buffon/sobol_design.hpp>

namespace buffon {

/// Outputs of one segment by columns.
struct SegmentValues {
    std::int64_t rows = 0, sets = 0, outputs = 0;
    std::vector<double> y;                // (sets, outputs, rows)
    std::vector<std::int64_t> failed;     // rows of which an evaluation failed: their numbers are 0, no row counts in part

    double* column(std::int64_t set, std::int64_t output) { return y.data() + (set * outputs + output) * rows; }
    const double* column(std::int64_t set, std::int64_t output) const { return y.data() + (set * outputs + output) * rows; }
};

class SobolValues {
public:
    /// From segment `first` on.
    SobolValues(Evaluation& evaluation, const SobolDesign& design, std::int64_t first = 0);

    /// The next segments, at least one: the first alone, then as many at once as one call of the model takes. Empty at the end.
    /// A model of columns with independent inputs is evaluated in blocks that never leave the cache, with the same bits.
    std::vector<SegmentValues> next();
    /// Segments that `next` has given, and those before the first.
    std::int64_t done() const { return done_; }
    /// As many more were evaluated elsewhere.
    void skip(std::int64_t segments) { done_ += segments; }
    /// What the call of the model that failed or was stopped left is not given: rows need all of their sets.

private:
    std::int64_t segments_at_once() const;
    std::vector<SegmentValues> by_rows(std::int64_t count);
    std::vector<SegmentValues> by_columns(std::int64_t count);
    bool fill(std::int64_t segment, SegmentValues& values) const;

    Evaluation* evaluation_;
    const SobolDesign* design_;
    const Joint* fused_ = nullptr;   // inputs of a model of columns, while it is quick and does not fail
    std::int64_t done_;
};

}  // namespace buffon

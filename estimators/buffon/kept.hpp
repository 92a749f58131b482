/// What an estimator alone knows of the rows of a kept sample: which nets they belong to, which of them taught it, and the
/// control functions of the others. Nothing happens where the sample is not kept. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <buffon/evaluation.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// The newest `rows` rows are points index(0), index(1), ... of nets of `points` each.
void label_replicates(Evaluation& evaluate, std::int64_t rows, std::int64_t points,
                      const std::function<std::int64_t(std::int64_t)>& index);

/// `draws` points were drawn, of which only `rows` lie in the support of an input law and were evaluated.
void count_skipped(Evaluation& evaluate, std::int64_t draws, std::int64_t rows);

/// All rows so far were drawn to learn a sampling law.
void count_as_adaptation(Evaluation& evaluate);

/// Control functions of the rows after the adaptation.
class KeptControls {
public:
    /// A sample has room for so many: those of the components that are drawn from most.
    static constexpr std::size_t most = 64;

    KeptControls() = default;
    /// For `rows` rows; `alpha` (K): shares of the components.
    KeptControls(Evaluation& evaluate, const std::vector<double>& alpha, std::int64_t rows);
    /// Controls (n, K) of rows `at`, `at + 1`, ... after the adaptation; from any thread.
    void add(ConstView controls, std::int64_t at);
    /// Once all are there: draws that were skipped have no row, so their controls are not known and the others of no use.
    void finish();

private:
    Sample* sample_ = nullptr;
    std::vector<std::size_t> columns_;
};

}  // namespace buffon

#include <buffon/sobol_values.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <variant>

#include <buffon/kept.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double slow = 3e-6;                // seconds of an evaluation: blocks gain nothing then, and what is finished is kept
constexpr std::int64_t call_rows = 65'536;   // of one call of the model, at most
constexpr std::int64_t call_numbers = 1 << 19;
constexpr std::int64_t block_rows = 128;     // of a table by columns
constexpr std::int64_t pad = 8;              // columns a power of two apart would fall upon each other in the cache

SegmentValues empty_values(const SobolDesign& design, std::int64_t outputs) {
    return {design.segment_rows(),
            design.sets(),
            outputs,
            std::vector<double>(static_cast<std::size_t>(design.segment_rows() * design.sets() * outputs)),
            {}};
}

/// From rows (sets * segment rows, columns); the last column says which succeeded where evaluations may be discarded.
SegmentValues by_column(ConstView y, const SobolDesign& design, std::int64_t outputs) {
    SegmentValues values = empty_values(design, outputs);
    for (std::int64_t k = 0; k < values.sets; ++k)
        for (std::int64_t j = 0; j < outputs; ++j)
            for (std::int64_t i = 0; i < values.rows; ++i) values.column(k, j)[i] = y(k * values.rows + i, j);
    if (y.cols == outputs) return values;
    for (std::int64_t i = 0; i < values.rows; ++i) {
        bool whole = true;
        for (std::int64_t k = 0; k < values.sets; ++k) whole &= y(k * values.rows + i, outputs) != 0;
        if (whole) continue;
        values.failed.push_back(i);
        for (std::int64_t k = 0; k < values.sets * outputs; ++k) values.y[static_cast<std::size_t>(k * values.rows + i)] = 0;
    }
    return values;
}

void transpose(ConstView rows, Columns out) {
    for (std::int64_t i = 0; i < rows.rows; ++i)
        for (std::int64_t c = 0; c < rows.cols; ++c) out[c][i] = rows(i, c);
}

}  // namespace

SobolValues::SobolValues(Evaluation& evaluation, const SobolDesign& design, std::int64_t first)
    : evaluation_(&evaluation), design_(&design), done_(first) {
    const Problem& problem = evaluation.problem();
    const auto* joint = std::get_if<Joint>(&problem.inputs().law());
    if (problem.columns().evaluate && joint != nullptr && joint->independent() && evaluation.kept() == nullptr &&
        evaluation.run().batch >= parallel::block_size)
        fused_ = joint;
}

std::int64_t SobolValues::segments_at_once() const {
    const std::int64_t evaluations = design_->segment_rows() * design_->sets(),
                       m = std::max<std::int64_t>(evaluation_->outputs(), 1);
    const std::int64_t rows = std::min(call_rows, call_numbers / std::max(design_->dim(), m));
    return std::max<std::int64_t>(rows / evaluations, 1);
}

std::vector<SegmentValues> SobolValues::next() {
    const std::int64_t left = design_->segments() - done_;
    if (left == 0) return {};
    const std::int64_t count = done_ == 0 ? 1 : std::min(segments_at_once(), left);
    std::vector<SegmentValues> values = fused_ != nullptr ? by_columns(count) : std::vector<SegmentValues>();
    if (values.empty()) values = by_rows(count);
    done_ += static_cast<std::int64_t>(values.size());
    return values;
}

std::vector<SegmentValues> SobolValues::by_rows(std::int64_t count) {
    const std::int64_t each = design_->segment_rows() * design_->sets(), rows = count * each;
    const View x = evaluation_->room(rows);
    parallel::for_each(count, evaluation_->threads(),
                       [&](std::int64_t s) { design_->inputs(done_ + s, x.slice(s * each, each)); });
    const Outputs out =
        (*evaluation_)(x, [&](std::span<double> log_q) { evaluation_->problem().inputs().log_density(x, log_q); });
    const std::int64_t start = done_ * each;
    label_replicates(*evaluation_, rows, design_->points() * design_->sets(), [&](std::int64_t i) { return start + i; });
    std::vector<SegmentValues> values(static_cast<std::size_t>(count));
    parallel::for_each(count, evaluation_->threads(), [&](std::int64_t s) {
        values[static_cast<std::size_t>(s)] = by_column(out.y.view().slice(s * each, each), *design_, evaluation_->outputs());
    });
    return values;
}

/// Empty, and never tried again, where the model failed or is slow: Evaluation then says where it fails and keeps what it has.
std::vector<SegmentValues> SobolValues::by_columns(std::int64_t count) {
    evaluation_->announce();
    const auto begin = std::chrono::steady_clock::now();
    const std::int64_t each = design_->segment_rows() * design_->sets(), m = evaluation_->problem().columns().outputs;
    std::vector<SegmentValues> values(static_cast<std::size_t>(count));
    std::vector<char> good(values.size());
    parallel::for_each(count, evaluation_->threads(), [&](std::int64_t s) {
        SegmentValues& part = values[static_cast<std::size_t>(s)] = empty_values(*design_, m);
        good[static_cast<std::size_t>(s)] = fill(done_ + s, part);
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const auto bad = std::ranges::find(good, char{0});
    values.resize(static_cast<std::size_t>(bad - good.begin()));
    if (bad != good.end()) fused_ = nullptr;
    if (values.empty()) return values;
    if (seconds > slow * static_cast<double>(count * each)) {
        fused_ = nullptr;
        Matrix x(each, design_->dim()), y(each, evaluation_->discards() ? m + 1 : m, 1.0);
        for (std::size_t s = 0; s < values.size(); ++s) {
            design_->inputs(done_ + static_cast<std::int64_t>(s), x);
            for (std::int64_t k = 0; k < each; ++k)
                for (std::int64_t j = 0; j < m; ++j) y(k, j) = values[s].column(k / values[s].rows, j)[k % values[s].rows];
            evaluation_->count_elsewhere(x, y);
        }
        return values;
    }
    evaluation_->count_elsewhere(static_cast<std::int64_t>(values.size()) * each, m, each,
                                 [design = *design_](std::int64_t segment, View x) { design.inputs(segment, x); });
    return values;
}

/// Whether the model gave finite numbers everywhere.
bool SobolValues::fill(std::int64_t segment, SegmentValues& values) const {
    const std::int64_t d = design_->dim(), width = design_->tables() * d, most = std::min(block_rows, values.rows),
                       stride = most + pad;
    Matrix u(most, width);
    std::vector<double> room(static_cast<std::size_t>((width + d) * stride));
    const ColumnModel& model = evaluation_->problem().columns();
    try {
        for (std::int64_t begin = 0; begin < values.rows; begin += most) {
            design_->uniforms(segment * values.rows + begin, u);
            const Columns tables{room.data(), most, width, stride}, x{room.data() + width * stride, most, d, stride};
            transpose(u, tables);
            for (std::int64_t t = 0; t < design_->tables(); ++t) fused_->from_uniform({tables[t * d], most, d, stride});
            for (std::int64_t k = 0; k < values.sets; ++k) {
                design_->next_set(k, tables, x);
                model.evaluate(x, {values.column(k, 0) + begin, most, values.outputs, values.rows});
            }
        }
    } catch (...) {
        return false;   // Evaluation asks again, and meets it again
    }
    bool finite = true;
    for (const double v : values.y) finite &= std::abs(v) <= std::numeric_limits<double>::max();   // no early end: vectorised
    return finite;
}

}  // namespace buffon

#include <buffon/transport_draws.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include <buffon/soft_rows.hpp>

namespace buffon {
namespace {

std::int64_t whole_rows(std::int64_t n) { return (n + cell_rows - 1) / cell_rows * cell_rows; }

/// Shares of the 16 rows of a block, summed.
void add_shares(std::span<const float> scores, std::int64_t stride, double width, std::span<double> sums) {
    std::vector<double> p(sums.size());
    std::vector<std::size_t> kept(sums.size());
    for (std::int64_t i = 0; i < cell_rows; ++i) {
        const SoftRow row = soft_row(scores.subspan(static_cast<std::size_t>(i * stride), sums.size()), width, p, kept);
        for (std::size_t k = 0; k < row.size; ++k) sums[kept[k]] += p[k];
    }
}

}  // namespace

TransportDraws::TransportDraws(const PowerCells& cells, std::vector<double> masses, std::uint64_t key,
                               std::int64_t budget, int threads, std::function<void(std::int64_t)> told,
                               const CellsOnDevice* device)
    : cells_(&cells), masses_(std::move(masses)), key_(key), budget_(budget), threads_(threads), told_(std::move(told)),
      device_(device) {}

void TransportDraws::go_to(const DrawsPosition& position) {
    batches_ = position.batches;
    spent_ = position.spent;
}

std::int64_t TransportDraws::filling() const {
    const double smallest = *std::ranges::min_element(masses_);
    const double most = std::max(8.0 * static_cast<double>(size()), static_cast<double>(budget_) / 100);
    return static_cast<std::int64_t>(std::ceil(std::min(8.0 / smallest, most)));
}

Stream TransportDraws::next(std::int64_t draws) {
    if (told_) told_(spent_);
    spent_ += draws;
    return {key_, batches_++};
}

CellCounts TransportDraws::count(std::span<const double> heights, std::int64_t draws, bool scored) {
    const Stream stream = next(0);
    CellCounts out = device_ != nullptr ? device_->count(heights, draws, stream, scored)
                                        : cells_->count(heights, draws, stream, threads_);
    spent_ += out.draws;
    return out;
}

std::vector<TopTwo> TransportDraws::top_two(std::span<const double> heights, std::int64_t draws) {
    draws = whole_rows(draws);
    const Stream stream = next(draws);
    return device_ != nullptr ? device_->top_two(heights, draws, stream) : cells_->top_two(heights, draws, stream, threads_);
}

void TransportDraws::scores(std::span<const double> heights, std::int64_t draws, const PowerCells::Rows& f) {
    draws = whole_rows(draws);
    cells_->scores(heights, draws, next(draws), threads_, f);
}

void TransportDraws::add_softmax(std::span<const double> heights, std::int64_t draws, double width, std::span<double> sums) {
    if (device_ != nullptr) return device_->add_softmax(heights, whole_rows(draws), next(whole_rows(draws)), width, sums);
    Matrix of_block(whole_rows(draws) / cell_rows, size());
    scores(heights, draws, [&](std::int64_t b, std::span<const float> found, std::int64_t stride) {
        add_shares(found, stride, width, View(of_block).row(b));
    });
    for (std::int64_t b = 0; b < of_block.rows; ++b)
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += of_block(b, static_cast<std::int64_t>(j));
}

std::vector<float> TransportDraws::shortfalls(std::span<const double> heights, std::int64_t draws,
                                              std::span<const std::size_t> listed) {
    if (device_ != nullptr) return device_->shortfalls(heights, whole_rows(draws), next(whole_rows(draws)), listed);
    std::vector<float> least(listed.size(), std::numeric_limits<float>::infinity());
    std::mutex taking;
    scores(heights, draws, [&](std::int64_t, std::span<const float> found, std::int64_t stride) {
        std::vector<float> here(listed.size(), std::numeric_limits<float>::infinity());
        for (std::int64_t i = 0; i < cell_rows; ++i) {
            const auto row = found.subspan(static_cast<std::size_t>(i * stride), heights.size());
            const float best = *std::ranges::max_element(row);
            for (std::size_t z = 0; z < listed.size(); ++z) here[z] = std::min(here[z], best - row[listed[z]]);
        }
        const std::lock_guard lock(taking);   // of minima, in any order
        for (std::size_t z = 0; z < listed.size(); ++z) least[z] = std::min(least[z], here[z]);
    });
    return least;
}

void TransportDraws::centre(std::span<double> heights) const {
    double mean = 0.0;
    for (std::size_t i = 0; i < heights.size(); ++i) mean += masses_[i] * heights[i];
    for (double& h : heights) h -= mean;
}

std::vector<double> gap_scales(TransportDraws& draws, std::span<const double> heights) {
    const std::vector<TopTwo> found = draws.top_two(heights, 2 * draws.size());
    std::vector<double> sum(heights.size(), 0.0), n(heights.size(), 0.0);
    double mean = 0.0;
    for (const TopTwo& t : found) {
        sum[static_cast<std::size_t>(t.first)] += t.gap;
        n[static_cast<std::size_t>(t.first)] += 1.0;
        mean += t.gap / static_cast<double>(found.size());
    }
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = (sum[i] + 4 * mean) / (n[i] + 4);
    return sum;
}

}  // namespace buffon

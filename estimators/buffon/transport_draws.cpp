#include <buffon/transport_draws.hpp>

#include <algorithm>
#include <cmath>

namespace buffon {
namespace {

std::int64_t whole_rows(std::int64_t n) { return (n + cell_rows - 1) / cell_rows * cell_rows; }

}  // namespace

TransportDraws::TransportDraws(const PowerCells& cells, std::vector<double> masses, std::uint64_t key, std::int64_t budget, int threads,
                               std::function<void(std::int64_t)> told)
    : cells_(&cells), masses_(std::move(masses)), key_(key), budget_(budget), threads_(threads), told_(std::move(told)) {}

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

CellCounts TransportDraws::count(std::span<const double> heights, std::int64_t draws) {
    const Stream stream = next(0);
    CellCounts out = cells_->count(heights, draws, stream, threads_);
    spent_ += out.draws;
    return out;
}

std::vector<TopTwo> TransportDraws::top_two(std::span<const double> heights, std::int64_t draws) {
    draws = whole_rows(draws);
    return cells_->top_two(heights, draws, next(draws), threads_);
}

void TransportDraws::scores(std::span<const double> heights, std::int64_t draws, const PowerCells::Rows& f) {
    draws = whole_rows(draws);
    cells_->scores(heights, draws, next(draws), threads_, f);
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

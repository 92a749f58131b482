#include <buffon/log_mass_start.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <span>

#include <buffon/elementary.hpp>

namespace buffon {
namespace {

constexpr int steps = 8;

/// By how much the best of each row beats target z, at least, over 2 n plain rows.
std::vector<float> shortfalls(TransportDraws& draws, std::span<const double> heights, std::span<const std::size_t> cells) {
    std::vector<float> least(cells.size(), std::numeric_limits<float>::infinity());
    std::mutex taking;
    draws.scores(heights, 2 * draws.size(), [&](std::int64_t, std::span<const float> scores, std::int64_t stride) {
        std::vector<float> here(cells.size(), std::numeric_limits<float>::infinity());
        for (std::int64_t i = 0; i < cell_rows; ++i) {
            const auto row = scores.subspan(static_cast<std::size_t>(i * stride), heights.size());
            const float best = *std::ranges::max_element(row);
            for (std::size_t z = 0; z < cells.size(); ++z) here[z] = std::min(here[z], best - row[cells[z]]);
        }
        const std::lock_guard lock(taking);   // of minima, in any order
        for (std::size_t z = 0; z < cells.size(); ++z) least[z] = std::min(least[z], here[z]);
    });
    return least;
}

}  // namespace

std::int64_t rescue(TransportDraws& draws, const CellCounts& found, std::vector<double>& heights) {
    std::vector<std::size_t> hidden;
    for (std::size_t i = 0; i < heights.size(); ++i)
        if (found.counts[i] == 0) hidden.push_back(i);
    if (hidden.empty()) return 0;
    const std::vector<float> rise = shortfalls(draws, heights, hidden);
    for (std::size_t z = 0; z < hidden.size(); ++z) heights[hidden[z]] += static_cast<double>(rise[z]);
    return static_cast<std::int64_t>(hidden.size());
}

FirstHeights log_mass_start(TransportDraws& draws) {
    const std::vector<double>& masses = draws.masses();
    FirstHeights out;
    const Matrix& y = draws.cells().targets();
    for (std::int64_t i = 0; i < y.rows; ++i) {
        double square = 0.0;
        for (std::int64_t j = 0; j < y.cols; ++j) square += y(i, j) * y(i, j);
        out.heights.push_back(-0.5 * square);
    }
    draws.centre(out.heights);
    const std::vector<TopTwo> first = draws.top_two(out.heights, draws.size() / 2);
    double gap = 0.0;
    for (const TopTwo& t : first) gap += t.gap / static_cast<double>(first.size());
    std::vector<double> scale(out.heights.size(), gap);
    for (int step = 0; step < steps; ++step) {
        const CellCounts found = draws.count(out.heights, draws.filling());
        const double factor = step < steps / 2 ? 1.0 : 0.5, n = static_cast<double>(found.draws);
        for (std::size_t i = 0; i < scale.size(); ++i)
            out.heights[i] += factor * scale[i] * elementary::log((masses[i] * n + 0.5) / (static_cast<double>(found.counts[i]) + 0.5));
        out.empty = rescue(draws, found, out.heights);
        draws.centre(out.heights);
        if (step == steps / 2 - 1) scale = gap_scales(draws, out.heights);
    }
    return out;
}

}  // namespace buffon

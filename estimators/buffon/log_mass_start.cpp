#include <buffon/log_mass_start.hpp>

#include <buffon/elementary.hpp>

namespace buffon {
namespace {

constexpr int steps = 8;

}  // namespace

std::int64_t rescue(TransportDraws& draws, const CellCounts& found, std::vector<double>& heights) {
    std::vector<std::size_t> hidden;
    for (std::size_t i = 0; i < heights.size(); ++i)
        if (found.counts[i] == 0) hidden.push_back(i);
    if (hidden.empty()) return 0;
    const std::vector<float> rise = draws.shortfalls(heights, 2 * draws.size(), hidden);
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
            out.heights[i] += factor * scale[i] *
                              elementary::log((masses[i] * n + 0.5) / (static_cast<double>(found.counts[i]) + 0.5));
        out.empty = rescue(draws, found, out.heights);
        draws.centre(out.heights);
        if (step == steps / 2 - 1) scale = gap_scales(draws, out.heights);
    }
    return out;
}

}  // namespace buffon

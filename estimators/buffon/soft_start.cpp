#include <buffon/soft_start.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/elementary.hpp>

namespace buffon {
namespace {

constexpr int steps_per_level = 10, most_levels = 40;
constexpr std::int64_t round_blocks = 64;   // whose sums, or scores, are kept until they are added in order
constexpr std::int64_t least_rows = 1024;

/// Mean over the rows of the standard deviation of a row's scores.
double mean_spread(TransportDraws& draws, std::span<const double> heights) {
    std::vector<double> of_row(least_rows);
    draws.scores(heights, least_rows, [&](std::int64_t b, std::span<const float> scores, std::int64_t stride) {
        for (std::int64_t i = 0; i < cell_rows; ++i) {
            const auto row = scores.subspan(static_cast<std::size_t>(i * stride), heights.size());
            double mean = 0.0, scatter = 0.0;
            for (const float s : row) mean += static_cast<double>(s) / static_cast<double>(row.size());
            for (const float s : row) scatter += (static_cast<double>(s) - mean) * (static_cast<double>(s) - mean);
            of_row[static_cast<std::size_t>(b * cell_rows + i)] = std::sqrt(scatter / static_cast<double>(row.size()));
        }
    });
    double sum = 0.0;
    for (const double s : of_row) sum += s;
    return sum / static_cast<double>(least_rows);
}

}  // namespace

std::vector<double> soft_masses(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n) {
    std::vector<double> sum(heights.size(), 0.0);
    const std::int64_t blocks = (n + cell_rows - 1) / cell_rows;
    for (std::int64_t first = 0; first < blocks; first += round_blocks)
        draws.add_softmax(heights, std::min(round_blocks, blocks - first) * cell_rows, width, sum);
    for (double& w : sum) w /= static_cast<double>(blocks * cell_rows);
    return sum;
}

double median_gap(TransportDraws& draws, std::span<const double> heights) {
    std::vector<TopTwo> found = draws.top_two(heights, std::max<std::int64_t>(least_rows, draws.size()));
    const auto middle = found.begin() + static_cast<std::ptrdiff_t>(found.size() / 2);
    std::ranges::nth_element(found, middle, {}, &TopTwo::gap);
    return middle->gap;
}

void soft_steps(TransportDraws& draws, double width, std::vector<double>& heights) {
    const std::vector<double>& masses = draws.masses();
    const std::int64_t n = std::max(16 * draws.size(), least_rows);
    for (int step = 0; step < steps_per_level; ++step) {
        const std::vector<double> found = soft_masses(draws, heights, width, n);
        for (std::size_t i = 0; i < heights.size(); ++i)
            heights[i] += width * std::clamp(elementary::log(masses[i]) - elementary::log(std::max(found[i], 1e-300)), -8.0, 8.0);
        draws.centre(heights);
    }
}

std::vector<double> soft_start(TransportDraws& draws, double last_width, SoftLevel from,
                               const std::function<void(const SoftLevel&)>& told) {
    SoftLevel now = std::move(from);
    if (now.heights.empty()) {
        now.heights.assign(draws.masses().size(), 0.0);
        now.width = std::max(mean_spread(draws, now.heights), last_width);
    } else {
        draws.go_to(now.at);
    }
    for (; now.level < most_levels; ++now.level, now.width = std::max(now.width / 2, last_width)) {
        now.at = draws.position();
        if (told) told(now);
        soft_steps(draws, now.width, now.heights);
        const double end = last_width > 0 ? last_width : 0.25 * median_gap(draws, now.heights);
        if (last_width > 0 ? now.width <= end : now.width < end) break;
        if (draws.spent() > draws.budget() / 2) break;
    }
    return now.heights;
}

}  // namespace buffon

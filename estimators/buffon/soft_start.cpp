#include <buffon/soft_start.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>

namespace buffon {
namespace {

constexpr int steps_per_level = 10, most_levels = 40;
constexpr std::int64_t round_blocks = 64;   // whose sums are kept until they are added in order
constexpr std::int64_t least_rows = 1024;
constexpr double least_exponent = 32.0;

/// Of interleaved parts: one after the other each comparison would wait for the last.
float largest(std::span<const float> row) {
    constexpr std::size_t parts = 16;
    float of_part[parts];
    std::ranges::fill(of_part, row[0]);
    std::size_t j = 0;
    for (; j + parts <= row.size(); j += parts)
        for (std::size_t p = 0; p < parts; ++p) of_part[p] = of_part[p] < row[j + p] ? row[j + p] : of_part[p];
    for (; j < row.size(); ++j) of_part[0] = std::max(of_part[0], row[j]);
    return *std::ranges::max_element(of_part);
}

/// Softmax of each row, summed over the 16 rows of a block. Terms below e^-32 of the largest are left out: in narrow cells nearly all are.
void soft_sums(std::span<const float> scores, std::int64_t stride, double width, std::span<double> sums) {
    std::vector<double> e(sums.size());
    std::vector<std::size_t> kept(sums.size());
    for (std::int64_t i = 0; i < cell_rows; ++i) {
        const auto row = scores.subspan(static_cast<std::size_t>(i * stride), sums.size());
        const float best = largest(row), least = best - static_cast<float>(least_exponent * width);
        std::size_t n = 0;
        for (std::size_t j = 0; j < row.size(); ++j) {
            kept[n] = j;
            n += row[j] >= least;
        }
        const double scale = 1 / width, top = static_cast<double>(best) * scale;
        for (std::size_t k = 0; k < n; ++k) e[k] = static_cast<double>(row[kept[k]]) * scale;
        exp_rows({e.data(), 1, static_cast<std::int64_t>(n)}, {&top, 1});
        double total = 0.0;
        for (std::size_t k = 0; k < n; ++k) total += e[k];
        const double share = 1 / total;
        for (std::size_t k = 0; k < n; ++k) sums[kept[k]] += e[k] * share;
    }
}

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
    Matrix of_block(round_blocks, static_cast<std::int64_t>(heights.size()));
    const std::int64_t blocks = (n + cell_rows - 1) / cell_rows;
    for (std::int64_t first = 0; first < blocks; first += round_blocks) {
        const std::int64_t count = std::min(round_blocks, blocks - first);
        std::ranges::fill(of_block.data, 0.0);
        draws.scores(heights, count * cell_rows, [&](std::int64_t b, std::span<const float> scores, std::int64_t stride) {
            soft_sums(scores, stride, width, View(of_block).row(b));
        });
        for (std::int64_t b = 0; b < count; ++b)
            for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += of_block(b, static_cast<std::int64_t>(j));
    }
    for (double& w : sum) w /= static_cast<double>(blocks * cell_rows);
    return sum;
}

double median_gap(TransportDraws& draws, std::span<const double> heights) {
    std::vector<TopTwo> found = draws.top_two(heights, std::max<std::int64_t>(least_rows, draws.size()));
    const auto middle = found.begin() + static_cast<std::ptrdiff_t>(found.size() / 2);
    std::ranges::nth_element(found, middle, {}, &TopTwo::gap);
    return middle->gap;
}

std::vector<double> soft_start(TransportDraws& draws) {
    const std::vector<double>& masses = draws.masses();
    std::vector<double> heights(masses.size(), 0.0);
    double width = mean_spread(draws, heights);
    const std::int64_t n = std::max(16 * draws.size(), least_rows);
    for (int level = 0; level < most_levels; ++level, width /= 2) {
        for (int step = 0; step < steps_per_level; ++step) {
            const std::vector<double> found = soft_masses(draws, heights, width, n);
            for (std::size_t i = 0; i < heights.size(); ++i)
                heights[i] += width * std::clamp(elementary::log(masses[i]) - elementary::log(std::max(found[i], 1e-300)), -8.0, 8.0);
            draws.centre(heights);
        }
        if (width < 0.25 * median_gap(draws, heights)) break;
    }
    return heights;
}

}  // namespace buffon

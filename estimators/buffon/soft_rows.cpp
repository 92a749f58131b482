#include <buffon/soft_rows.hpp>

#include <algorithm>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>

namespace buffon {
namespace {

constexpr double least_exponent = 32.0;
constexpr std::int64_t round_blocks = 64;   // whose sums are kept until they are added in order

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

/// Calls f(block of the round, row, p, kept) for each row of a round; rows of different blocks at once.
template <class F>
void each_row(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t blocks, const F& f) {
    draws.scores(heights, blocks * cell_rows, [&](std::int64_t b, std::span<const float> scores, std::int64_t stride) {
        std::vector<double> p(heights.size());
        std::vector<std::size_t> kept(heights.size());
        for (std::int64_t i = 0; i < cell_rows; ++i) {
            const auto row = scores.subspan(static_cast<std::size_t>(i * stride), heights.size());
            const SoftRow found = soft_row(row, width, p, kept);
            f(b, i, row, found, std::span<const double>(p), std::span<const std::size_t>(kept));
        }
    });
}

struct BlockSums {
    std::vector<double> masses, squares;
    double log_sum = 0.0, shared = 0.0, best = 0.0;
};

}  // namespace

SoftRow soft_row(std::span<const float> scores, double width, std::span<double> p, std::span<std::size_t> kept) {
    const float best = largest(scores), least = best - static_cast<float>(least_exponent * width);
    SoftRow out;
    for (std::size_t j = 0; j < scores.size(); ++j) {
        kept[out.size] = j;
        out.size += scores[j] >= least;
    }
    const double scale = 1 / width, top = static_cast<double>(best) * scale;
    for (std::size_t k = 0; k < out.size; ++k) p[k] = static_cast<double>(scores[kept[k]]) * scale;
    exp_rows({p.data(), 1, static_cast<std::int64_t>(out.size)}, {&top, 1});
    double total = 0.0;
    for (std::size_t k = 0; k < out.size; ++k) total += p[k];
    const double share = 1 / total;
    for (std::size_t k = 0; k < out.size; ++k) p[k] *= share;
    out.best = static_cast<double>(best);
    out.log_sum = out.best + width * elementary::log(total);
    return out;
}

SoftCellSums soft_sums(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n) {
    const std::size_t size = heights.size();
    SoftCellSums out{std::vector<double>(size, 0.0), std::vector<double>(size, 0.0)};
    const std::int64_t blocks = (n + cell_rows - 1) / cell_rows;
    for (std::int64_t first = 0; first < blocks; first += round_blocks) {
        const std::int64_t here = std::min(round_blocks, blocks - first);
        std::vector<BlockSums> of_block(static_cast<std::size_t>(here),
                                        {std::vector<double>(size, 0.0), std::vector<double>(size, 0.0)});
        each_row(draws, heights, width, here,
                 [&](std::int64_t b, std::int64_t, auto row, const SoftRow& found, auto p, auto kept) {
                     BlockSums& sums = of_block[static_cast<std::size_t>(b)];
                     for (std::size_t k = 0; k < found.size; ++k) {
                         sums.masses[kept[k]] += p[k];
                         sums.squares[kept[k]] += p[k] * p[k];
                         sums.shared += p[k] * static_cast<double>(row[kept[k]]);
                     }
                     sums.log_sum += found.log_sum;
                     sums.best += found.best;
                 });
        for (const BlockSums& sums : of_block) {
            for (std::size_t i = 0; i < size; ++i) {
                out.masses[i] += sums.masses[i];
                out.squares[i] += sums.squares[i];
            }
            out.log_sum += sums.log_sum;
            out.shared += sums.shared;
            out.best += sums.best;
        }
    }
    out.draws = blocks * cell_rows;
    return out;
}

Matrix soft_products(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n) {
    const auto size = static_cast<std::int64_t>(heights.size());
    Matrix out(size, size);
    const std::int64_t blocks = (n + cell_rows - 1) / cell_rows;
    for (std::int64_t first = 0; first < blocks; first += round_blocks) {
        const std::int64_t here = std::min(round_blocks, blocks - first);
        Matrix shares(here * cell_rows, size);
        each_row(draws, heights, width, here, [&](std::int64_t b, std::int64_t i, auto, const SoftRow& found, auto p, auto kept) {
            for (std::size_t k = 0; k < found.size; ++k) shares(b * cell_rows + i, static_cast<std::int64_t>(kept[k])) = p[k];
        });
        add_products(shares, shares, out);
    }
    for (double& v : out.data) v /= static_cast<double>(blocks * cell_rows);
    return out;
}

}  // namespace buffon

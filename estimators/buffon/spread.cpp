#include <buffon/spread.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_pieces = 7;
constexpr std::int64_t smallest_piece = 8;
constexpr int sizes = 4;
// What is known before a net is seen: the variance of its mean falls like n^-rate. A few pieces alone say little about it.
constexpr double expected_rate = 1.5;
constexpr double rate_sd = 0.5;

/// Sum of squares of the columns about their means.
std::vector<double> scatter(ConstView rows) {
    std::vector<double> mean(static_cast<std::size_t>(rows.cols)), squares(mean.size());
    for (std::int64_t i = 0; i < rows.rows; ++i)
        for (std::int64_t e = 0; e < rows.cols; ++e) mean[static_cast<std::size_t>(e)] += rows(i, e);
    for (double& m : mean) m /= static_cast<double>(rows.rows);
    for (std::int64_t i = 0; i < rows.rows; ++i)
        for (std::int64_t e = 0; e < rows.cols; ++e) {
            const double gap = rows(i, e) - mean[static_cast<std::size_t>(e)];
            squares[static_cast<std::size_t>(e)] += gap * gap;
        }
    return squares;
}

std::vector<double> divided(std::vector<double> x, double by) {
    for (double& v : x) v /= by;
    return x;
}

/// Means of consecutive pieces of `size` rows; what is left over is left out.
Matrix piece_means(ConstView rest, std::int64_t size) {
    Matrix means(rest.rows / size, rest.cols);
    for (std::int64_t i = 0; i < means.rows * size; ++i)
        for (std::int64_t e = 0; e < rest.cols; ++e) means(i / size, e) += rest(i, e);
    for (double& m : means.data) m /= static_cast<double>(size);
    return means;
}

/// The largest first.
std::vector<Spread::Pieces> pieces_of(ConstView rest, std::int64_t largest) {
    std::vector<Spread::Pieces> pieces;
    std::int64_t size = std::max(largest >> (sizes - 1), smallest_piece);
    for (Matrix means = piece_means(rest, size); size <= largest; size *= 2, means = piece_means(means, 2))   // pairs of halves
        pieces.push_back({size, means.rows, divided(scatter(means), static_cast<double>(means.rows - 1))});
    std::ranges::reverse(pieces);
    return pieces;
}

double weighted(std::span<const double> weights, const std::vector<double>& v) {
    return std::inner_product(v.begin(), v.end(), weights.begin(), 0.0);
}

/// Line through (x, y) by weighted least squares with a normal prior on its slope, at `at`.
struct Line {
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    void add(double px, double py, double weight) {
        w += weight;
        x += weight * px;
        y += weight * py;
        xx += weight * px * px;
        xy += weight * px * py;
    }
    double at(double px, double prior_slope, double prior_sd) const {
        const double precision = 1 / (prior_sd * prior_sd);
        const double slope = (xy - x * y / w + precision * prior_slope) / (xx - x * x / w + precision);
        return y / w + slope * (px - x / w);
    }
};

}  // namespace

Spread spread_of(ConstView rest, double freedom, bool is_net, int threads) {
    Spread spread;
    const auto largest = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(rest.rows / fewest_pieces)));
    const bool has_pieces = is_net && largest >= smallest_piece;
    parallel::for_each(has_pieces ? 3 : 1, rest.rows > parallel::block_size ? threads : 1, [&](std::int64_t part) {
        if (part == 0) spread.v = divided(scatter(rest), freedom);
        if (part == 1) spread.pieces = pieces_of(rest, largest);
        if (part == 2) {
            const std::int64_t held = rest.rows / largest * largest;
            spread.inside = divided(scatter(rest.slice(0, held)),
                                    freedom * static_cast<double>(held) / static_cast<double>(rest.rows));
        }
    });
    return spread;
}

double Spread::log_gain(std::span<const double> weights, std::int64_t m) const {
    const double independent = weighted(weights, inside);   // a few hits in the rows that are left over say nothing of nets
    if (pieces.empty() || !(independent > 0)) return 0;
    Line line;
    for (const Pieces& p : pieces) {
        const double variance = weighted(weights, p.variance);
        if (!(variance > 1e-24 * independent)) return -80;   // nets without error
        // log2 of a variance with f degrees of freedom has variance 2 / (f log^2 2)
        line.add(std::log2(static_cast<double>(p.points)), std::log2(variance), static_cast<double>(p.count - 1) * 0.24);
    }
    const double size = std::log2(static_cast<double>(m));
    return std::min(0.0, line.at(size, -expected_rate, rate_sd) + size - std::log2(independent));
}

}  // namespace buffon

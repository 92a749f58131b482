#include <buffon/entropic_images.hpp>

#include <algorithm>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t block_rows = 64;   // that meet all targets together

/// f(first row, shares of the block's rows (rows, n), their potentials).
template <class F>
void each_block(const Matrix& points, std::span<const double> heights, double width, ConstView x, int threads, const F& f) {
    Matrix minus(points.cols, points.rows);   // what subtract_products takes
    for (std::int64_t i = 0; i < points.rows; ++i)
        for (std::int64_t j = 0; j < points.cols; ++j) minus(j, i) = -points(i, j) / width;
    parallel::for_each((x.rows + block_rows - 1) / block_rows, threads, [&](std::int64_t b) {
        const ConstView rows = x.slice(b * block_rows, std::min(block_rows, x.rows - b * block_rows));
        Matrix shares(rows.rows, points.rows);
        for (std::int64_t i = 0; i < rows.rows; ++i)
            std::ranges::transform(heights, View(shares).row(i).begin(), [width](double h) { return h / width; });
        subtract_products(rows, minus, shares);
        std::vector<double> best, potential;
        for (std::int64_t i = 0; i < rows.rows; ++i) best.push_back(*std::ranges::max_element(ConstView(shares).row(i)));
        exp_rows(shares, best);
        for (std::int64_t i = 0; i < rows.rows; ++i) {
            const std::span<double> row = View(shares).row(i);
            double total = 0.0;
            for (const double p : row) total += p;
            for (double& p : row) p /= total;
            potential.push_back(width * (best[static_cast<std::size_t>(i)] + elementary::log(total)));
        }
        f(b * block_rows, shares, potential);
    });
}

}  // namespace

Matrix entropic_weights(const Matrix& points, std::span<const double> heights, double width, ConstView x, int threads) {
    Matrix out(x.rows, points.rows);
    each_block(points, heights, width, x, threads, [&](std::int64_t first, const Matrix& shares, const auto&) {
        std::ranges::copy(shares.data, out.data.begin() + first * points.rows);
    });
    return out;
}

Matrix entropic_images(const Matrix& points, std::span<const double> heights, double width, ConstView x, int threads) {
    Matrix out(x.rows, points.cols);
    each_block(points, heights, width, x, threads, [&](std::int64_t first, const Matrix& shares, const auto&) {
        for (std::int64_t i = 0; i < shares.rows; ++i)
            for (std::int64_t k = 0; k < points.rows; ++k)
                for (std::int64_t j = 0; j < points.cols; ++j) out(first + i, j) += shares(i, k) * points(k, j);
    });
    return out;
}

std::vector<double> entropic_potential(const Matrix& points, std::span<const double> heights, double width, ConstView x,
                                       int threads) {
    std::vector<double> out(static_cast<std::size_t>(x.rows));
    each_block(points, heights, width, x, threads, [&](std::int64_t first, const Matrix&, const std::vector<double>& potential) {
        std::ranges::copy(potential, out.begin() + first);
    });
    return out;
}

}  // namespace buffon

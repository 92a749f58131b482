#include <buffon/transport_images.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <buffon/compared_sets.hpp>
#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t block_rows = 64;   // that meet all targets together

/// -points, transposed: what subtract_products takes.
Matrix minus_transposed(const Matrix& points) {
    Matrix out(points.cols, points.rows);
    for (std::int64_t i = 0; i < points.rows; ++i)
        for (std::int64_t j = 0; j < points.cols; ++j) out(j, i) = -points(i, j);
    return out;
}

double distance(std::span<const double> a, std::span<const double> b) {
    double square = 0.0;
    for (std::size_t j = 0; j < a.size(); ++j) square += (a[j] - b[j]) * (a[j] - b[j]);
    return std::sqrt(square);
}

}  // namespace

BestCells best_cells(const Matrix& points, std::span<const double> heights, ConstView x, std::int64_t k, int threads) {
    const Matrix minus = minus_transposed(points);
    BestCells out{std::vector<std::int64_t>(static_cast<std::size_t>(x.rows * k)), Matrix(x.rows, k)};
    parallel::for_each((x.rows + block_rows - 1) / block_rows, threads, [&](std::int64_t b) {
        const ConstView rows = x.slice(b * block_rows, std::min(block_rows, x.rows - b * block_rows));
        Matrix scores(rows.rows, points.rows);
        for (std::int64_t i = 0; i < rows.rows; ++i) std::ranges::copy(heights, View(scores).row(i).begin());
        subtract_products(rows, minus, scores);
        std::vector<std::int64_t> order(static_cast<std::size_t>(points.rows));
        for (std::int64_t i = 0; i < rows.rows; ++i) {
            const std::span<const double> row = ConstView(scores).row(i);
            const auto better = [&](std::int64_t a, std::int64_t c) {
                const double s = row[static_cast<std::size_t>(a)], t = row[static_cast<std::size_t>(c)];
                return s != t ? s > t : a < c;
            };
            std::iota(order.begin(), order.end(), 0);
            if (k == 1) order[0] = std::ranges::max_element(row) - row.begin();
            else std::ranges::partial_sort(order, order.begin() + k, better);
            for (std::int64_t c = 0; c < k; ++c) {
                const std::int64_t cell = order[static_cast<std::size_t>(c)], at = b * block_rows + i;
                out.cells[static_cast<std::size_t>(at * k + c)] = cell;
                out.scores(at, c) = row[static_cast<std::size_t>(cell)];
            }
        }
    });
    return out;
}

BestCells nearest_points(const Matrix& points, std::span<const double> masses, ConstView x, std::int64_t k, int threads) {
    const std::vector<double> centre = column_means(points);   // far from it scores have no digits left for distances
    const auto less = [&](ConstView rows) {
        Matrix out(rows.rows, rows.cols);
        for (std::int64_t i = 0; i < rows.rows; ++i)
            for (std::int64_t j = 0; j < rows.cols; ++j) out(i, j) = rows(i, j) - centre[static_cast<std::size_t>(j)];
        return out;
    };
    const Matrix centred = less(points);
    std::vector<double> heights;   // the nearest point has the largest <x, y> - |y|^2 / 2
    for (std::int64_t i = 0; i < points.rows; ++i) {
        double square = 0.0;
        for (const double v : centred.view().row(i)) square += v * v;
        const bool wanted = masses.empty() || masses[static_cast<std::size_t>(i)] > 0;
        heights.push_back(wanted ? -square / 2 : -std::numeric_limits<double>::infinity());
    }
    return best_cells(centred, heights, less(x), k, threads);
}

FacetAngles::FacetAngles(const Matrix& points, std::span<const double> masses) : points_(points) {
    double square = 0.0;
    for (std::int64_t j = 0; j < points.cols; ++j) {
        double mean = 0.0;
        for (std::int64_t i = 0; i < points.rows; ++i) mean += masses[static_cast<std::size_t>(i)] * points(i, j);
        for (std::int64_t i = 0; i < points.rows; ++i) {
            points_(i, j) -= mean;
            square += masses[static_cast<std::size_t>(i)] * points_(i, j) * points_(i, j);
        }
    }
    if (square > 0)
        for (double& v : points_.data) v /= std::sqrt(square);
}

double FacetAngles::operator()(std::int64_t i, std::int64_t j) const {
    // from the chord of the unit normals: the arc cosine of a number near 1 has no digits
    const std::span<const double> a = ConstView(points_).row(i), b = ConstView(points_).row(j);
    double aa = 1.0, bb = 1.0;
    for (std::size_t k = 0; k < a.size(); ++k) {
        aa += a[k] * a[k];
        bb += b[k] * b[k];
    }
    const double p = 1 / std::sqrt(aa), q = 1 / std::sqrt(bb);
    double chord = (p - q) * (p - q);
    for (std::size_t k = 0; k < a.size(); ++k) chord += (a[k] * p - b[k] * q) * (a[k] * p - b[k] * q);
    return 2 * std::asin(std::min(std::sqrt(chord) / 2, 1.0));
}

Matrix between(const Matrix& points, const FacetAngles& angles, const Matrix& centroids, ConstView x,
               const BestCells& best, double angle, std::vector<std::int64_t>& used) {
    const std::int64_t k = best.scores.cols;
    Matrix out(x.rows, points.cols);
    used.assign(static_cast<std::size_t>(x.rows), 0);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const std::int64_t* cells = best.cells.data() + i * k;
        double total = 0.0;
        for (std::int64_t c = 0; c < k; ++c) {
            if (!std::isfinite(best.scores(i, c)) || (c > 0 && angles(cells[0], cells[c]) > angle)) continue;
            const double away = distance(x.row(i), ConstView(centroids).row(cells[c]));
            const double weight = 1 / std::max(away, 1e-150);   // at a centroid its own target alone
            for (std::int64_t j = 0; j < points.cols; ++j) out(i, j) += weight * points(cells[c], j);
            total += weight;
            ++used[static_cast<std::size_t>(i)];
        }
        for (double& v : View(out).row(i)) v /= total;
    }
    return out;
}

}  // namespace buffon

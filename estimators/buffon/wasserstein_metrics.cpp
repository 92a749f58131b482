#include <buffon/wasserstein_metrics.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>
#include <buffon/wasserstein.hpp>

namespace buffon {
namespace {

/// From means of squares and their covariance to roots; a root of 0, of equal samples, has no error.
void take_roots(Estimate& e) {
    for (double& v : e.value) v = std::sqrt(std::max(v, 0.0));
    for (std::int64_t i = 0; i < e.covariance.rows; ++i)
        for (std::int64_t j = 0; j < e.covariance.cols; ++j) {
            const double a = e.value[static_cast<std::size_t>(i)], b = e.value[static_cast<std::size_t>(j)];
            e.covariance(i, j) = a > 0 && b > 0 ? e.covariance(i, j) / (4 * a * b) : 0.0;
        }
}

double square_between(const Matrix& x, const Matrix& y) {
    const double distance = wasserstein(x, y).distance;
    return distance * distance;
}

/// Sorted numbers with their order.
struct Line {
    std::vector<double> at;
    std::vector<std::int64_t> order;
};

Line projected(ConstView x, std::span<const double> direction) {
    std::vector<double> along(static_cast<std::size_t>(x.rows));
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto row = x.row(i);
        double sum = 0.0;
        for (std::size_t j = 0; j < row.size(); ++j) sum += row[j] * direction[j];
        along[static_cast<std::size_t>(i)] = sum;
    }
    Line out{{}, std::vector<std::int64_t>(along.size())};
    std::iota(out.order.begin(), out.order.end(), 0);
    std::ranges::sort(out.order, [&](std::int64_t a, std::int64_t b) { return std::pair{along[static_cast<std::size_t>(a)], a} < std::pair{along[static_cast<std::size_t>(b)], b}; });
    for (const std::int64_t i : out.order) out.at.push_back(along[static_cast<std::size_t>(i)]);
    return out;
}

/// Squared W2 of two sorted lines: quantiles meet, in steps of both.
double square_between(const std::vector<double>& x, const std::vector<double>& y) {
    const auto n = static_cast<std::int64_t>(x.size()), m = static_cast<std::int64_t>(y.size());
    double sum = 0.0;
    for (std::int64_t i = 0, j = 0, level = 0; i < n && j < m;) {   // levels in units of 1 / (n m)
        const std::int64_t next = std::min((i + 1) * m, (j + 1) * n);
        sum += static_cast<double>(next - level) * std::pow(x[static_cast<std::size_t>(i)] - y[static_cast<std::size_t>(j)], 2);
        level = next;
        i += level == (i + 1) * m;
        j += level == (j + 1) * n;
    }
    return sum / (static_cast<double>(n) * static_cast<double>(m));
}

/// Kantorovich's potential at the points of x: its derivative is 2 (x - the quantile of y at the level of x). Added row by row.
void add_potential(const Line& x, const Line& y, std::vector<double>& sums) {
    const auto n = static_cast<std::int64_t>(x.at.size()), m = static_cast<std::int64_t>(y.at.size());
    double height = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
        if (i > 0) {
            const double here = x.at[static_cast<std::size_t>(i)], before = x.at[static_cast<std::size_t>(i - 1)];
            const std::int64_t j = std::min(i * m / n, m - 1), k = i * m % n == 0 ? j - 1 : j;   // at a common level: half of both
            height += (here - before) * (here + before - y.at[static_cast<std::size_t>(j)] - y.at[static_cast<std::size_t>(k)]);
        }
        sums[static_cast<std::size_t>(x.order[static_cast<std::size_t>(i)])] += height;
    }
}

/// What one direction says.
struct Slice {
    std::vector<double> squares;                 // (k)
    double own = 0.0;                            // between the halves of the reference
    std::vector<std::vector<double>> of_x, of_y; // potentials
};

double covariance_of(const std::vector<double>& u, const std::vector<double>& v) {
    Matrix both(static_cast<std::int64_t>(u.size()), 2);
    for (std::size_t i = 0; i < u.size(); ++i) both(static_cast<std::int64_t>(i), 0) = u[i], both(static_cast<std::int64_t>(i), 1) = v[i];
    return covariance_of_mean(both)(0, 1);
}

void add_to(std::vector<double>& sums, const std::vector<double>& more, double scale) {
    for (std::size_t i = 0; i < more.size(); ++i) sums[i] += scale * more[i];
}

std::vector<double> direction_of(std::uint64_t key, std::int64_t index, std::int64_t dim) {
    Matrix out(1, dim);
    Stream{key, 0}.normal(index, out.view());
    double square = 0.0;
    for (const double v : out.data) square += v * v;
    for (double& v : out.data) v /= std::sqrt(square);
    return out.data;
}

/// A distance that as many rows of one law would have says nothing.
void keep_floor(Estimate& e, std::vector<double> floor) {
    for (std::size_t k = 0; k < floor.size(); ++k) {
        if (e.value[k] - 2 * e.std_error()[k] > floor[k]) continue;
        std::ostringstream text;
        text.precision(2);
        text << "'" << e.names[k] << "': no sign of a difference: samples of one law, as many rows, are about " << floor[k] << " apart";
        e.warnings.push_back(text.str());
    }
    e.diagnostics["floor"] = std::move(floor);
}

}  // namespace

Estimate w2(const PointSets& x, const ReferencePoints& y, const W2Options& o) {
    require(o.blocks >= 2, "w2: blocks must be at least 2, got ", o.blocks);
    check_sets("w2", x, y.points, 2 * o.blocks);
    const std::int64_t m = y.points.rows, sets = static_cast<std::int64_t>(x.sets.size());
    for (std::size_t s = 0; s < x.sets.size(); ++s)
        require(x.sets[s].rows == m, "w2: ", name_of(x, s), " must have the ", m, " rows of the reference, got ", x.sets[s].rows);
    Matrix squares(o.blocks, sets);
    std::vector<double> own(static_cast<std::size_t>(o.blocks));
    std::int64_t done = 0;
    for (std::int64_t s = -1; s < sets; ++s) {
        parallel::for_each(o.blocks, o.threads, [&](std::int64_t b) {
            const Matrix reference = block_of(y.points, b, o.blocks);
            if (s >= 0) {
                squares(b, s) = square_between(block_of(x.sets[static_cast<std::size_t>(s)], b, o.blocks), reference);
                return;
            }
            const Matrix other = block_of(y.points, (b + 1) % o.blocks, o.blocks);
            const std::int64_t rows = std::min(reference.rows, other.rows);
            const double distance = wasserstein(reference.view().slice(0, rows), other.view().slice(0, rows)).distance;
            own[static_cast<std::size_t>(b)] = distance * distance;
        });
        if (o.progress) o.progress(done += o.blocks, (sets + 1) * o.blocks, {});
    }
    Estimate e;
    e.names = names_of("w2", x);
    e.value = column_means(squares);
    e.covariance = covariance_of_mean(squares);
    take_roots(e);
    e.n = m * (sets + 1);
    e.degrees_of_freedom = static_cast<double>(o.blocks - 1);
    const double mean = std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(o.blocks);
    keep_floor(e, std::vector<double>(x.sets.size(), std::sqrt(mean)));
    e.diagnostics["block"] = m / o.blocks;
    return e;
}

Estimate sliced_w2(const PointSets& x, const ReferencePoints& y, const SlicedW2Options& o) {
    check_sets("sliced_w2", x, y.points, 4);
    require(o.directions >= 2, "sliced_w2: directions must be at least 2, got ", o.directions);
    const std::int64_t m = y.points.rows, sets = static_cast<std::int64_t>(x.sets.size());
    const std::uint64_t key = o.rng ? *o.rng : fresh_key();
    const Matrix half = block_of(y.points, 0, 2), rest = block_of(y.points, 1, 2);
    Matrix squares(o.directions, sets);
    double own = 0.0;
    std::vector<std::vector<double>> of_x, of_y(x.sets.size(), std::vector<double>(static_cast<std::size_t>(m), 0.0));
    for (const Matrix& set : x.sets) of_x.emplace_back(static_cast<std::size_t>(set.rows), 0.0);
    constexpr std::int64_t together = 8;   // directions whose numbers are held at once
    for (std::int64_t first = 0; first < o.directions; first += together) {
        std::vector<Slice> slices(static_cast<std::size_t>(std::min(together, o.directions - first)));
        parallel::for_each(static_cast<std::int64_t>(slices.size()), o.threads, [&](std::int64_t l) {
            Slice& slice = slices[static_cast<std::size_t>(l)];
            const std::vector<double> direction = direction_of(key, first + l, y.points.cols);
            const Line reference = projected(y.points, direction);
            slice.own = square_between(projected(half, direction).at, projected(rest, direction).at);
            for (const Matrix& set : x.sets) {
                const Line line = projected(set, direction);
                slice.squares.push_back(square_between(line.at, reference.at));
                add_potential(line, reference, slice.of_x.emplace_back(static_cast<std::size_t>(set.rows), 0.0));
                add_potential(reference, line, slice.of_y.emplace_back(static_cast<std::size_t>(m), 0.0));
            }
        });
        const double scale = 1 / static_cast<double>(o.directions);
        for (std::size_t l = 0; l < slices.size(); ++l) {
            own += scale * slices[l].own;
            for (std::size_t s = 0; s < x.sets.size(); ++s) {
                squares(first + static_cast<std::int64_t>(l), static_cast<std::int64_t>(s)) = slices[l].squares[s];
                add_to(of_x[s], slices[l].of_x[s], scale);
                add_to(of_y[s], slices[l].of_y[s], scale);
            }
        }
        if (o.progress) o.progress(first + static_cast<std::int64_t>(slices.size()), o.directions, {});
    }
    Estimate e;
    e.names = names_of("sliced_w2", x);
    e.value = column_means(squares);
    e.covariance = covariance_of_mean(squares);
    e.n = m;
    std::vector<double> floor;
    for (std::int64_t i = 0; i < sets; ++i) {
        const auto s = static_cast<std::size_t>(i);
        const double n = static_cast<double>(x.sets[s].rows);
        for (std::int64_t j = 0; j < sets; ++j) {
            const auto t = static_cast<std::size_t>(j);
            e.covariance(i, j) += covariance_of(of_y[s], of_y[t]) + (x.sets[s].rows == x.sets[t].rows ? covariance_of(of_x[s], of_x[t]) : 0.0);
        }
        floor.push_back(std::sqrt(own * (1 / n + 1 / static_cast<double>(m)) / (1 / static_cast<double>(half.rows) + 1 / static_cast<double>(rest.rows))));
        e.n += x.sets[s].rows;
    }
    e.covariance = nearest_covariance(e.covariance);
    take_roots(e);
    e.rng_key = key;
    keep_floor(e, std::move(floor));
    return e;
}

}  // namespace buffon

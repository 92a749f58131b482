#include <buffon/slices.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include <buffon/compared_sets.hpp>
#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>

namespace buffon {
namespace {

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
    std::ranges::sort(out.order, [&](std::int64_t a, std::int64_t b) {
        return std::pair{along[static_cast<std::size_t>(a)], a} < std::pair{along[static_cast<std::size_t>(b)], b};
    });
    for (const std::int64_t i : out.order) out.at.push_back(along[static_cast<std::size_t>(i)]);
    return out;
}

/// Squared W2 of two sorted lines: quantiles meet, in steps of both.
double square_between(const std::vector<double>& x, const std::vector<double>& y) {
    const auto n = static_cast<std::int64_t>(x.size()), m = static_cast<std::int64_t>(y.size());
    double sum = 0.0;
    for (std::int64_t i = 0, j = 0, level = 0; i < n && j < m;) {   // levels in units of 1 / (n m)
        const std::int64_t next = std::min((i + 1) * m, (j + 1) * n);
        sum += static_cast<double>(next - level) *
               std::pow(x[static_cast<std::size_t>(i)] - y[static_cast<std::size_t>(j)], 2);
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
            const std::int64_t j = std::min(i * m / n, m - 1),
                               k = i * m % n == 0 ? j - 1 : j;   // at a common level: half of both
            height += (here - before) *
                      (here + before - y.at[static_cast<std::size_t>(j)] - y.at[static_cast<std::size_t>(k)]);
        }
        sums[static_cast<std::size_t>(x.order[static_cast<std::size_t>(i)])] += height;
    }
}

/// What one direction says.
struct Slice {
    std::vector<double> squares;                   // (k)
    double own = 0.0;                              // between the halves of the reference
    std::vector<std::vector<double>> of_x, of_y;   // potentials
};

void add_to(std::vector<double>& sums, const std::vector<double>& more, double scale) {
    for (std::size_t i = 0; i < more.size(); ++i) sums[i] += scale * more[i];
}

/// Sums of f(0), ..., f(n - 1) as eight interleaved ones, which do not wait for each other.
template <class F>
double sum_of(std::size_t n, const F& f) {
    double parts[8] = {}, sum = 0.0;
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (std::size_t k = 0; k < 8; ++k) parts[k] += f(i + k);
    for (; i < n; ++i) sum += f(i);
    for (const double part : parts) sum += part;
    return sum;
}

/// Covariance of the means of pairs (u_i, v_i).
double covariance_of(const std::vector<double>& u, const std::vector<double>& v) {
    const double n = static_cast<double>(u.size());
    const double u_mean = sum_of(u.size(), [&](std::size_t i) { return u[i]; }) / n,
                 v_mean = sum_of(v.size(), [&](std::size_t i) { return v[i]; }) / n;
    return sum_of(u.size(), [&](std::size_t i) { return (u[i] - u_mean) * (v[i] - v_mean); }) / (n - 1) / n;
}

}   // namespace

std::vector<double> direction_of(std::uint64_t key, std::int64_t index, std::int64_t dim) {
    Matrix out(1, dim);
    Stream{key, 0}.normal(index, out.view());
    double square = 0.0;
    for (const double v : out.data) square += v * v;
    for (double& v : out.data) v /= std::sqrt(square);
    return out.data;
}

SliceSums slice_sums(const std::vector<Matrix>& x, const Matrix& y, const SliceOptions& o, int threads) {
    const Matrix half = block_of(y, 0, 2), rest = block_of(y, 1, 2);
    SliceSums sums(o.directions, static_cast<std::int64_t>(x.size()));
    std::vector<std::vector<double>> of_x, of_y(x.size(), std::vector<double>(static_cast<std::size_t>(y.rows)));
    for (const Matrix& set : x) of_x.emplace_back(static_cast<std::size_t>(set.rows));
    constexpr std::int64_t together = 8;   // directions whose numbers are held at once
    for (std::int64_t first = 0; first < o.directions; first += together) {
        std::vector<Slice> slices(static_cast<std::size_t>(std::min(together, o.directions - first)));
        parallel::for_each(static_cast<std::int64_t>(slices.size()), threads, [&](std::int64_t l) {
            Slice& slice = slices[static_cast<std::size_t>(l)];
            const std::vector<double> direction = direction_of(o.key, first + l, y.cols);
            const Line reference = projected(y, direction);
            slice.own = square_between(projected(half, direction).at, projected(rest, direction).at);
            for (const Matrix& set : x) {
                const Line line = projected(set, direction);
                slice.squares.push_back(square_between(line.at, reference.at));
                add_potential(line, reference, slice.of_x.emplace_back(static_cast<std::size_t>(set.rows), 0.0));
                add_potential(reference, line, slice.of_y.emplace_back(static_cast<std::size_t>(y.rows), 0.0));
            }
        });
        const double scale = 1 / static_cast<double>(o.directions);
        for (std::size_t l = 0; l < slices.size(); ++l) {
            sums.own += scale * slices[l].own;
            for (std::size_t s = 0; s < x.size(); ++s) {
                sums.squares(first + static_cast<std::int64_t>(l), static_cast<std::int64_t>(s)) = slices[l].squares[s];
                add_to(of_x[s], slices[l].of_x[s], scale);
                add_to(of_y[s], slices[l].of_y[s], scale);
            }
        }
        if (o.progress) o.progress(first + static_cast<std::int64_t>(slices.size()), o.directions, {});
    }
    for (std::size_t s = 0; s < x.size(); ++s)
        for (std::size_t t = 0; t < x.size(); ++t)
            sums.covariance(static_cast<std::int64_t>(s), static_cast<std::int64_t>(t)) =
                covariance_of(of_y[s], of_y[t]) +
                (of_x[s].size() == of_x[t].size() ? covariance_of(of_x[s], of_x[t]) : 0.0);
    return sums;
}

}   // namespace buffon

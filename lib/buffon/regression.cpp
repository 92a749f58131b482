#include <buffon/regression.hpp>

#include <buffon/check.hpp>
#include <buffon/kept_share.hpp>
#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace buffon {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t width = 8;    // columns of a panel
constexpr std::int64_t depth = 128;  // rows of a panel: two panels stay in the first cache

std::int64_t panels(std::int64_t columns) { return (columns + width - 1) / width; }

/// Row i of a slab of panels.
void put(std::span<const double> row, std::int64_t i, double* slab) {
    for (std::size_t c = 0; c < row.size(); c += width)
        std::copy_n(row.data() + c, width, slab + (static_cast<std::int64_t>(c) * depth + i * width));
}

/// z' z for z = [x, 1, t], the panels of its first K + 1 rows, upper half. Not Eigen's matrix product: its blocks follow
/// the cache sizes of the machine, so its bits do, too; and it may start OpenMP threads inside ours.
Matrix products(ConstView x, ConstView t) {
    const std::int64_t left = panels(x.cols + 1), all = panels(x.cols + 1 + t.cols);
    std::vector<double> slab(static_cast<std::size_t>(all * width * depth)), row(static_cast<std::size_t>(all * width));
    row[static_cast<std::size_t>(x.cols)] = 1.0;
    Matrix sums(left * width, all * width);
    for (std::int64_t first = 0; first < x.rows; first += depth) {
        const std::int64_t rows = std::min(depth, x.rows - first);
        for (std::int64_t i = 0; i < rows; ++i) {
            std::ranges::copy(x.row(first + i), row.begin());
            std::ranges::copy(t.row(first + i), row.begin() + x.cols + 1);
            put(row, i, slab.data());
        }
        kernels().panel_products(slab.data(), depth, rows, left, all, sums.data.data());
    }
    return sums;
}

CrossProducts block_sums(ConstView x, ConstView t) {
    const std::int64_t k = x.cols, j = t.cols;
    const Matrix z = products(x, t);
    CrossProducts s(k, j);
    s.n = static_cast<double>(x.rows);
    for (std::int64_t a = 0; a < k; ++a) {
        s.x[static_cast<std::size_t>(a)] = z(a, k);
        for (std::int64_t b = a; b < k; ++b) s.xx(a, b) = s.xx(b, a) = z(a, b);
        for (std::int64_t b = 0; b < j; ++b) s.xt(a, b) = z(a, k + 1 + b);
    }
    for (std::int64_t b = 0; b < j; ++b) s.t[static_cast<std::size_t>(b)] = z(k, k + 1 + b);
    return s;
}

void add_scaled(std::vector<double>& to, const std::vector<double>& from, double sign) {
    assert(to.size() == from.size());
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += sign * from[i];
}

void combine(CrossProducts& to, const CrossProducts& from, double sign) {
    to.n += sign * from.n;
    add_scaled(to.x, from.x, sign);
    add_scaled(to.t, from.t, sign);
    add_scaled(to.xx.data, from.xx.data, sign);
    add_scaled(to.xt.data, from.xt.data, sign);
}

bool all_finite(const CrossProducts& sums) {
    const auto finite = [](const std::vector<double>& v) {
        return std::all_of(v.begin(), v.end(), [](double value) { return std::isfinite(value); });
    };
    return finite(sums.x) && finite(sums.t) && finite(sums.xx.data) && finite(sums.xt.data);
}

/// Reciprocal of the centred norm of each regressor; 0 where rounding is all there is.
Eigen::VectorXd inverse_norms(const RowMajor& centred, const CrossProducts& sums) {
    Eigen::VectorXd scale(centred.rows());
    for (Eigen::Index i = 0; i < scale.size(); ++i)
        scale(i) = centred(i, i) > 1e-12 * sums.xx(i, i) ? 1.0 / std::sqrt(centred(i, i)) : 0.0;
    return scale;
}

/// a b. Not Eigen's product, see `products`.
RowMajor product(const RowMajor& a, const RowMajor& b) {
    const RowMajor negated = -a;
    RowMajor out = RowMajor::Zero(a.rows(), b.cols());
    subtract_products({negated.data(), a.rows(), a.cols()}, {b.data(), b.rows(), b.cols()}, {out.data(), out.rows(), out.cols()});
    return out;
}

/// Pseudo-inverse of a correlation matrix times `right`, without the eigenvalues far below `cut`^2 times the largest.
RowMajor solve_cut(const RowMajor& correlation, const RowMajor& right, double cut) {
    const Eigen::SelfAdjointEigenSolver<RowMajor> eigen(correlation);
    const Eigen::VectorXd& values = eigen.eigenvalues();
    const double largest = values.maxCoeff();
    Eigen::VectorXd inverse = Eigen::VectorXd::Zero(values.size());
    for (Eigen::Index i = 0; i < values.size(); ++i)
        if (values(i) > 0.0) inverse(i) = kept_share(values(i) / largest, cut) / values(i);
    const RowMajor vectors = eigen.eigenvectors();
    const RowMajor rotated = inverse.asDiagonal() * product(vectors.transpose(), right);
    return product(vectors, rotated);
}

}  // namespace

CrossProducts::CrossProducts(std::int64_t regressors, std::int64_t responses)
    : x(static_cast<std::size_t>(regressors)), t(static_cast<std::size_t>(responses)), xx(regressors, regressors),
      xt(regressors, responses) {}

// Blocks of parallel::block_size rows are summed apart and then merged: the bits do not depend on how rows are batched
// as long as every call but the last brings whole blocks, nor on whether blocks are added or merged in their order.
void CrossProducts::add(ConstView x_rows, ConstView t_rows, int threads) {
    assert(x_rows.rows == t_rows.rows && x_rows.cols == xx.rows && t_rows.cols == xt.cols);
    parallel::reduce_blocks(x_rows.rows, threads, *this, [&](std::int64_t first, std::int64_t rows) {
        return block_sums(x_rows.slice(first, rows), t_rows.slice(first, rows));
    });
}

void CrossProducts::merge(const CrossProducts& other) {
    if (x.empty() && t.empty()) *this = CrossProducts(other.xx.rows, other.xt.cols);
    combine(*this, other, 1.0);
}

void CrossProducts::subtract(const CrossProducts& other) { combine(*this, other, -1.0); }

Matrix regress(const CrossProducts& sums, double cut) {
    const std::int64_t k = sums.xx.rows, j = sums.xt.cols;
    require(cut >= 0.0 && cut < 1.0, "regress: cut must be in [0, 1), got ", cut);
    Matrix result(k, j);
    require(all_finite(sums), "regress: sums must be finite, got NaN or infinity from a regressor or a response");
    if (k == 0 || j == 0 || sums.n < 2) return result;

    const Eigen::Map<const Eigen::VectorXd> x(sums.x.data(), k), t(sums.t.data(), j);
    const Eigen::Map<const RowMajor> xx(sums.xx.data.data(), k, k), xt(sums.xt.data.data(), k, j);
    const RowMajor centred = xx - x.lazyProduct(x.transpose()) / sums.n;
    const Eigen::VectorXd scale = inverse_norms(centred, sums);
    const RowMajor correlation = scale.asDiagonal() * centred * scale.asDiagonal();
    const RowMajor right = scale.asDiagonal() * (xt - x.lazyProduct(t.transpose()) / sums.n);
    Eigen::Map<RowMajor>(result.data.data(), k, j) = scale.asDiagonal() * solve_cut(correlation, right, cut);
    return result;
}

}  // namespace buffon

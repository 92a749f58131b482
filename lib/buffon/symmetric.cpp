#include <buffon/symmetric.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include <Eigen/Eigenvalues>

#include <buffon/metric_kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t deep = 192;    // terms that stay in the first cache
constexpr std::int64_t wide = 512;    // columns whose panels stay in the second
constexpr std::int64_t block = 32;    // reflections, columns of a factor: updates wait for so many
static_assert(wide % product_panel == 0);

/// Rows first ... first + count - 1 of b, terms k ... k + depth - 1, in panels.
std::vector<double> panels_of(const ConstPart& b, std::int64_t k, std::int64_t depth) {
    std::vector<double> out(static_cast<std::size_t>((b.rows + product_panel - 1) / product_panel * product_panel * depth), 0.0);
    for (std::int64_t j = 0; j < b.rows; ++j)
        for (std::int64_t t = 0; t < depth; ++t)
            out[static_cast<std::size_t>((j / product_panel * depth + t) * product_panel + j % product_panel)] =
                b.data[j * b.stride + k + t];
    return out;
}

/// Columns of a factor that are ready, from row `first` on.
void keep(const Matrix& fresh, std::int64_t first, std::int64_t count, Matrix& l) {
    for (std::int64_t i = first; i < l.rows; ++i)
        std::copy_n(fresh.view().row(i).begin(), count, l.view().row(i).begin() + first);
}

/// A Householder reflection that takes a (n) to (beta, 0, ...): v over a, v[0] = 1.
struct Reflection {
    double beta, tau;
};
Reflection reflect(std::vector<double>& a) {
    double tail = 0.0, largest = 0.0;
    for (const double v : a) largest = std::max(largest, std::abs(v));
    if (largest == 0) return {0.0, 0.0};
    for (std::size_t i = 1; i < a.size(); ++i) tail += (a[i] / largest) * (a[i] / largest);
    const double first = a[0] / largest;
    if (tail == 0) {
        const double beta = a[0];
        a[0] = 1.0;
        return {beta, 0.0};
    }
    const double beta = -std::copysign(std::sqrt(first * first + tail), first);
    for (std::size_t i = 1; i < a.size(); ++i) a[i] = a[i] / largest / (first - beta);
    a[0] = 1.0;
    return {beta * largest, (beta - first) / beta};
}

}  // namespace

MatrixPart part_of(Matrix& m) { return {m.data.data(), m.rows, m.cols, m.cols}; }
MatrixPart part_of(Matrix& m, std::int64_t row, std::int64_t col, std::int64_t rows, std::int64_t cols) {
    return {m.data.data() + row * m.cols + col, rows, cols, m.cols};
}

void add_row_products(double sign, const ConstPart& a, const ConstPart& b, const MatrixPart& c, bool lower, int threads) {
    assert(a.cols == b.cols && a.rows == c.rows && b.rows == c.cols);
    for (std::int64_t k = 0; k < a.cols; k += deep) {
        const std::int64_t depth = std::min(deep, a.cols - k);
        const std::vector<double> panels = panels_of(b, k, depth);
        const std::int64_t strips = (c.cols + wide - 1) / wide, tall = (c.rows + product_rows - 1) / product_rows;
        parallel::for_each(tall, threads, [&](std::int64_t r) {
            const std::int64_t row = r * product_rows, rows = std::min(product_rows, c.rows - row);
            std::vector<double> of_a(static_cast<std::size_t>(product_rows * depth), 0.0);
            for (std::int64_t i = 0; i < rows; ++i)
                std::copy_n(a.data + (row + i) * a.stride + k, depth, of_a.data() + i * depth);
            for (std::int64_t s = 0; s < strips; ++s) {
                const std::int64_t col = s * wide, last = lower ? std::min(c.cols, row + rows) : c.cols;
                if (col >= last) break;
                metric_kernels().row_products({of_a.data(), panels.data() + col * depth, rows,
                                               std::min(wide, last - col), depth, sign, c.data + row * c.stride + col,
                                               c.stride});
            }
        });
    }
}

void complete(Matrix& s) {
    for (std::int64_t i = 0; i < s.rows; ++i)
        for (std::int64_t j = 0; j < i; ++j) s(j, i) = s(i, j);
}

PivotedCholesky pivoted_cholesky(Matrix s, int threads) {
    const std::int64_t d = s.rows;
    PivotedCholesky out{Matrix(d, d), std::vector<std::int64_t>(static_cast<std::size_t>(d))};
    std::iota(out.order.begin(), out.order.end(), 0);
    Matrix& l = out.factor;
    std::vector<double> left(static_cast<std::size_t>(d));   // diagonal that remains
    for (std::int64_t i = 0; i < d; ++i) left[static_cast<std::size_t>(i)] = s(i, i);
    const double least = static_cast<double>(d) * std::numeric_limits<double>::epsilon() * *std::ranges::max_element(left);
    std::int64_t rank = 0, done = 0;   // columns of the factor; those that s has been updated for
    Matrix fresh(d, block);            // the columns since: rows of l are far apart
    const auto entry = [&](std::int64_t i, std::int64_t j) -> double& { return i >= j ? s(i, j) : s(j, i); };
    for (; rank < d; ++rank) {
        const std::int64_t p = std::max_element(left.begin() + rank, left.end()) - left.begin();
        if (!(left[static_cast<std::size_t>(p)] > least)) break;
        if (p != rank) {   // rows and columns p and rank change places
            std::swap(left[static_cast<std::size_t>(p)], left[static_cast<std::size_t>(rank)]);
            std::swap(out.order[static_cast<std::size_t>(p)], out.order[static_cast<std::size_t>(rank)]);
            std::swap_ranges(l.data.begin() + p * d, l.data.begin() + p * d + done, l.data.begin() + rank * d);
            std::ranges::swap_ranges(fresh.view().row(p), fresh.view().row(rank));
            for (std::int64_t i = done; i < d; ++i)
                if (i != p && i != rank) std::swap(entry(i, p), entry(i, rank));
            std::swap(s(p, p), s(rank, rank));
        }
        const double pivot = std::sqrt(left[static_cast<std::size_t>(rank)]);
        const std::int64_t c = rank - done;
        fresh(rank, c) = pivot;
        const double* of_pivot = fresh.view().row(rank).data();
        for (std::int64_t i = rank + 1; i < d; ++i) {
            double* row = fresh.view().row(i).data();
            double due = 0.0;
            for (std::int64_t t = 0; t < c; ++t) due += row[t] * of_pivot[t];
            row[c] = (s(i, rank) - due) / pivot;
            left[static_cast<std::size_t>(i)] -= row[c] * row[c];
        }
        if (c + 1 == block) {
            keep(fresh, done, block, l);
            const std::int64_t rest = d - rank - 1;
            const MatrixPart columns = part_of(fresh, rank + 1, 0, rest, block);
            add_row_products(-1.0, columns, columns, part_of(s, rank + 1, rank + 1, rest, rest), true, threads);
            done = rank + 1;
            std::ranges::fill(fresh.data, 0.0);
        }
    }
    keep(fresh, done, rank - done, l);
    Matrix cut(d, rank);
    for (std::int64_t i = 0; i < d; ++i) std::copy_n(l.data.begin() + i * d, std::min(i + 1, rank), cut.data.begin() + i * rank);
    l = std::move(cut);
    return out;
}

Tridiagonal tridiagonal(Matrix s, int threads) {
    const std::int64_t d = s.rows;
    Tridiagonal out{std::vector<double>(static_cast<std::size_t>(d)),
                    std::vector<double>(static_cast<std::size_t>(std::max<std::int64_t>(d - 1, 0))), Matrix(d, d),
                    std::vector<double>(static_cast<std::size_t>(d), 0.0)};
    for (std::int64_t first = 0; first < d; first += block) {
        const std::int64_t count = std::min(block, d - first), n = d - first;
        Matrix v(n, block), w(n, block);   // s - v w' - w v' is due
        for (std::int64_t c = 0; c < count; ++c) {
            const std::int64_t j = first + c;
            std::vector<double> column(static_cast<std::size_t>(d - j));
            for (std::int64_t i = j; i < d; ++i) {
                const double *row_v = v.view().row(i - first).data(), *row_w = w.view().row(i - first).data(),
                             *at_v = v.view().row(c).data(), *at_w = w.view().row(c).data();
                double due[2] = {0.0, 0.0};
                for (std::int64_t t = 0; t < c; ++t) {
                    due[0] += row_v[t] * at_w[t];
                    due[1] += row_w[t] * at_v[t];
                }
                column[static_cast<std::size_t>(i - j)] = s(i, j) - (due[0] + due[1]);
            }
            out.diagonal[static_cast<std::size_t>(j)] = column[0];
            if (j + 1 == d) break;
            column.erase(column.begin());
            const Reflection h = reflect(column);
            out.beside[static_cast<std::size_t>(j)] = h.beta;
            out.tau[static_cast<std::size_t>(j)] = h.tau;
            const std::int64_t rest = d - j - 1;
            std::vector<double> product(static_cast<std::size_t>(rest), 0.0);
            metric_kernels().symmetric_product(s.data.data() + (j + 1) * d + j + 1, d, rest, column.data(), product.data());
            std::vector<double> of_v(static_cast<std::size_t>(c), 0.0), of_w(static_cast<std::size_t>(c), 0.0);
            for (std::int64_t i = 0; i < rest; ++i) {
                const double *row_v = v.view().row(i + c + 1).data(), *row_w = w.view().row(i + c + 1).data(),
                             at = column[static_cast<std::size_t>(i)];
                double *to_v = of_v.data(), *to_w = of_w.data();
                for (std::int64_t t = 0; t < c; ++t) to_v[t] += row_v[t] * at;
                for (std::int64_t t = 0; t < c; ++t) to_w[t] += row_w[t] * at;
            }
            double along = 0.0;
            for (std::int64_t i = 0; i < rest; ++i) {
                const double *row_v = v.view().row(i + c + 1).data(), *row_w = w.view().row(i + c + 1).data();
                double due[2] = {0.0, 0.0};
                for (std::int64_t t = 0; t < c; ++t) {
                    due[0] += row_v[t] * of_w[static_cast<std::size_t>(t)];
                    due[1] += row_w[t] * of_v[static_cast<std::size_t>(t)];
                }
                double& at = product[static_cast<std::size_t>(i)];
                at = h.tau * (at - (due[0] + due[1]));
                along += at * column[static_cast<std::size_t>(i)];
            }
            for (std::int64_t i = 0; i < rest; ++i) {
                v(i + c + 1, c) = column[static_cast<std::size_t>(i)];
                w(i + c + 1, c) =
                    product[static_cast<std::size_t>(i)] - 0.5 * h.tau * along * column[static_cast<std::size_t>(i)];
                out.reflectors(i + j + 1, j) = column[static_cast<std::size_t>(i)];
            }
        }
        if (first + count == d) break;
        Matrix both(n, 2 * block), crossed(n, 2 * block);   // [v w], [w v]
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t t = 0; t < block; ++t) {
                both(i, t) = crossed(i, block + t) = v(i, t);
                both(i, block + t) = crossed(i, t) = w(i, t);
            }
        const std::int64_t rest = n - count;
        add_row_products(-1.0, part_of(both, count, 0, rest, 2 * block), part_of(crossed, count, 0, rest, 2 * block),
                         part_of(s, first + count, first + count, rest, rest), true, threads);
    }
    return out;
}

std::vector<double> Tridiagonal::eigenvalues() const {
    const auto d = static_cast<std::int64_t>(diagonal.size());
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
    solver.computeFromTridiagonal(Eigen::Map<const Eigen::VectorXd>(diagonal.data(), d),
                                  Eigen::Map<const Eigen::VectorXd>(beside.data(), std::max<std::int64_t>(d - 1, 0)),
                                  Eigen::EigenvaluesOnly);
    const Eigen::VectorXd& found = solver.eigenvalues();
    return {found.data(), found.data() + found.size()};
}

void Tridiagonal::turn(Matrix& z, int threads) const {
    const std::int64_t d = reflectors.rows;
    for (std::int64_t first = 0; first < d; first += block) {
        const std::int64_t count = std::min(block, d - first), n = d - first;
        Matrix v(n, count), across(count, n), triangle(count, count);   // H_0 ... H_(count - 1) = I - v T v'
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t t = 0; t < count; ++t) v(i, t) = across(t, i) = reflectors(first + i, first + t);
        for (std::int64_t t = 0; t < count; ++t) {
            const double of_t = tau[static_cast<std::size_t>(first + t)];
            triangle(t, t) = of_t;
            std::vector<double> met(static_cast<std::size_t>(t), 0.0);
            for (std::int64_t i = 0; i < n; ++i)
                for (std::int64_t r = 0; r < t; ++r) met[static_cast<std::size_t>(r)] += v(i, r) * v(i, t);
            for (std::int64_t r = 0; r < t; ++r)
                for (std::int64_t q = r; q < t; ++q) triangle(r, t) -= of_t * triangle(r, q) * met[static_cast<std::size_t>(q)];
        }
        Matrix along(z.rows, count), turned(z.rows, count);
        add_row_products(1.0, part_of(z, 0, first, z.rows, n), ConstPart(across.view()), part_of(along), false, threads);
        for (std::int64_t i = 0; i < z.rows; ++i)
            for (std::int64_t r = 0; r < count; ++r)
                for (std::int64_t t = r; t < count; ++t) turned(i, t) += along(i, r) * triangle(r, t);
        add_row_products(-1.0, ConstPart(turned.view()), ConstPart(v.view()), part_of(z, 0, first, z.rows, n), false, threads);
    }
}

}  // namespace buffon

#include <buffon/simplex.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/sums.hpp>

namespace buffon {
namespace {

/// Rows with c > 0 and a density above underflow: the others add nothing, or divide by nothing.
struct Rows {
    Matrix q;
    std::vector<double> c;   // divided by its largest
};

Rows relevant(ConstView q, std::span<const double> c) {
    const double top = c.empty() ? 0.0 : *std::ranges::max_element(c);
    Rows rows;
    rows.q.cols = q.cols;
    for (std::int64_t i = 0; i < q.rows; ++i) {
        const auto row = q.row(i);
        const double share = c[static_cast<std::size_t>(i)] / top;
        if (!(share > 0) || *std::ranges::max_element(row) < 1e-100) continue;
        rows.q.data.insert(rows.q.data.end(), row.begin(), row.end());
        rows.c.push_back(share);
        ++rows.q.rows;
    }
    return rows;
}

/// F(a), and the gradient's sizes G_k = sum_i c_i q_ik / (q a)_i^2.
double gradient(const Rows& rows, const std::vector<double>& a, std::vector<double>& g) {
    std::ranges::fill(g, 0.0);
    const std::int64_t k_count = rows.q.cols;
    double f = 0.0;
    for (std::int64_t i = 0; i < rows.q.rows; ++i) {
        const double* q = rows.q.data.data() + i * k_count;
        const double inverse = 1.0 / dot(q, a.data(), k_count);
        const double term = rows.c[static_cast<std::size_t>(i)] * inverse;   // never 1 / (q a)^2 by itself: it overflows
        f += term;
        const double factor = term * inverse;
        for (std::int64_t k = 0; k < k_count; ++k) g[static_cast<std::size_t>(k)] += factor * q[k];
    }
    return f;
}

}  // namespace

void raise_to_floors(std::vector<double>& a, const std::vector<double>& floors) {
    for (std::size_t round = 0; round <= a.size(); ++round) {
        double fixed = 0, free = 0;
        for (std::size_t k = 0; k < a.size(); ++k) (a[k] <= floors[k] ? fixed : free) += a[k] <= floors[k] ? floors[k] : a[k];
        const double scale = free > 0 ? (1 - fixed) / free : 1.0;
        bool again = false;
        for (std::size_t k = 0; k < a.size(); ++k) {
            const bool low = a[k] <= floors[k];
            a[k] = low ? floors[k] : a[k] * scale;
            again = again || (!low && a[k] < floors[k]);
        }
        if (!again) break;
    }
}

std::vector<double> minimise_on_simplex(ConstView q, std::span<const double> c, std::vector<double> a,
                                        const std::vector<double>& floors, const SimplexOptions& options) {
    raise_to_floors(a, floors);
    const Rows rows = relevant(q, c);
    if (rows.c.empty()) return a;
    std::vector<double> g(a.size());
    double before = gradient(rows, a, g);
    for (int step = 0; step < options.steps; ++step) {
        double total = 0;
        for (std::size_t k = 0; k < a.size(); ++k) total += a[k] *= std::sqrt(g[k]);
        for (double& share : a) share /= total;
        raise_to_floors(a, floors);
        const double now = gradient(rows, a, g);
        if (before - now <= options.tolerance * before) break;
        before = now;
    }
    return a;
}

}  // namespace buffon

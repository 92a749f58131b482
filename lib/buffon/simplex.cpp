#include <buffon/simplex.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/kernels.hpp>

namespace buffon {
namespace {

/// Rows with c > 0 and a density above underflow: the others add nothing, or divide by nothing.
struct Rows {
    ConstView q;            // (n, K)
    std::vector<double> c;  // divided by its largest
    Matrix copy;            // of q, where rows had to be left out
};

Rows relevant(ConstView q, std::span<const double> c) {
    const double top = c.empty() ? 0.0 : *std::ranges::max_element(c);
    Rows rows;
    std::vector<std::int64_t> kept;
    for (std::int64_t i = 0; i < q.rows; ++i) {
        const double share = c[static_cast<std::size_t>(i)] / top;
        if (!(share > 0) || std::ranges::none_of(q.row(i), [](double v) { return v >= 1e-100; })) continue;
        kept.push_back(i);
        rows.c.push_back(share);
    }
    rows.q = q;
    if (static_cast<std::int64_t>(kept.size()) == q.rows) return rows;
    rows.copy = Matrix(static_cast<std::int64_t>(kept.size()), q.cols);
    for (std::size_t i = 0; i < kept.size(); ++i)
        std::ranges::copy(q.row(kept[i]), rows.copy.view().row(static_cast<std::int64_t>(i)).begin());
    rows.q = rows.copy;
    return rows;
}

/// F(a), and the gradient's sizes G_k = sum_i c_i q_ik / (q a)_i^2.
double gradient(const Rows& rows, std::vector<double> a, std::vector<double>& g) {
    const auto width = static_cast<std::size_t>((rows.q.cols + 7) / 8 * 8);
    a.resize(width);
    g.resize(width);
    return kernels().simplex_pass(rows.q.data, rows.c.data(), rows.q.rows, rows.q.cols, a.data(), g.data());
}

/// a_k proportional to a_k G_k^power, above the floors.
std::vector<double> stepped(std::vector<double> a, const std::vector<double>& g, double power, const std::vector<double>& floors) {
    double total = 0;
    for (std::size_t k = 0; k < a.size(); ++k) total += a[k] *= std::pow(g[k], power);
    for (double& share : a) share /= total;
    raise_to_floors(a, floors);
    return a;
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
    std::vector<double> g, next_g;
    double f = gradient(rows, a, g);
    double power = 0.5;   // always lowers F; more goes further where F allows it
    for (int step = 0; step < options.steps; ++step) {
        std::vector<double> next = stepped(a, g, power, floors);
        const double next_f = gradient(rows, next, next_g);
        if (next_f > f && power > 0.5) {
            power = 0.5;
            continue;
        }
        const bool settled = f - next_f <= options.tolerance * f;
        a = std::move(next);
        std::swap(g, next_g);
        f = next_f;
        if (settled) break;
        power = std::min(1.5 * power, 4.0);
    }
    return a;
}

}  // namespace buffon

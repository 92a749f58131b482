#include <buffon/simplex.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

/// Rows with c > 0 and a density above underflow: the others add nothing, or divide by nothing.
struct Rows {
    ConstView q;            // (n, K)
    std::vector<double> c;  // divided by its largest
    Matrix copy;            // of q, where rows had to be left out
};

Rows relevant(ConstView q, std::span<const double> c, int threads) {
    const double top = c.empty() ? 0.0 : *std::ranges::max_element(c);
    Rows rows{q, std::vector<double>(c.size()), {}};   // 0 of those to leave out
    parallel::for_blocks(q.rows, threads, [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t i = first; i < first + count; ++i) {
            const double share = c[static_cast<std::size_t>(i)] / top;
            if (share > 0 && std::ranges::any_of(q.row(i), [](double v) { return v >= 1e-100; }))
                rows.c[static_cast<std::size_t>(i)] = share;
        }
    });
    if (std::ranges::find(rows.c, 0.0) == rows.c.end()) return rows;
    rows.copy = Matrix(std::ranges::count_if(rows.c, [](double share) { return share > 0; }), q.cols);
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < q.rows; ++i)
        if (rows.c[static_cast<std::size_t>(i)] > 0) std::ranges::copy(q.row(i), rows.copy.view().row(next++).begin());
    std::erase(rows.c, 0.0);
    rows.q = rows.copy;
    return rows;
}

/// Of some rows: F(a), and the gradient's sizes G_k = sum_i c_i q_ik / (q a)_i^2.
struct Pass {
    double f = 0;
    std::vector<double> g;

    void merge(const Pass& other) {
        f += other.f;
        g.resize(other.g.size());
        for (std::size_t k = 0; k < g.size(); ++k) g[k] += other.g[k];
    }
};

Pass pass(const Rows& rows, std::vector<double> a, int threads) {
    const auto width = static_cast<std::size_t>((rows.q.cols + 7) / 8 * 8);
    a.resize(width);
    Pass all;
    parallel::reduce_blocks(rows.q.rows, threads, all, [&](std::int64_t first, std::int64_t count) {
        Pass part{0, std::vector<double>(width)};
        part.f = kernels().simplex_pass(rows.q.row(first).data(), rows.c.data() + first, count, rows.q.cols, a.data(),
                                        part.g.data());
        return part;
    });
    return all;
}

/// a_k proportional to a_k G_k^power, above the floors.
std::vector<double> stepped(std::vector<double> a, const std::vector<double>& g, double power,
                            const std::vector<double>& floors) {
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
    const Rows rows = relevant(q, c, options.threads);
    if (rows.c.empty()) return a;
    Pass now = pass(rows, a, options.threads);
    double power = 0.5;   // always lowers F; more goes further where F allows it
    for (int step = 0; step < options.steps; ++step) {
        std::vector<double> next = stepped(a, now.g, power, floors);
        Pass then = pass(rows, next, options.threads);
        if (then.f > now.f && power > 0.5) {
            power = 0.5;
            continue;
        }
        const bool settled = now.f - then.f <= options.tolerance * now.f;
        a = std::move(next);
        now = std::move(then);
        if (settled) break;
        power = std::min(1.5 * power, 4.0);
    }
    return a;
}

}  // namespace buffon

#include <buffon/memorised.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/share_interval.hpp>
#include <buffon/transport_images.hpp>
#include <buffon/transport_targets.hpp>

namespace buffon {
namespace {

/// Per row: whether it copies a point, 0 or 1, and the distance to the nearest.
struct Nearness {
    std::vector<double> copies, nearest;
};

double distance(std::span<const double> a, std::span<const double> b) {
    double square = 0.0;
    for (std::size_t j = 0; j < a.size(); ++j) square += (a[j] - b[j]) * (a[j] - b[j]);
    return std::sqrt(square);
}

/// Of some rows more.
void look(ConstView x, const Matrix& y, double ratio, int threads, Nearness& out) {
    const BestCells best = nearest_points(y, {}, x, 2, threads);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto k = static_cast<std::size_t>(2 * i);
        double first = distance(x.row(i), ConstView(y).row(best.cells[k]));
        double second = distance(x.row(i), ConstView(y).row(best.cells[k + 1]));
        if (second < first) std::swap(first, second);   // scores round where distances do not
        out.copies.push_back(first < ratio * second ? 1.0 : 0.0);
        out.nearest.push_back(first);
    }
}

/// Rows between two moments at which a run may be ended: about a second.
std::int64_t rows_together(const Matrix& y) {
    constexpr std::int64_t products = std::int64_t{1} << 32;
    return std::clamp<std::int64_t>(products / y.view().size(), 256, 65'536);
}

double mean_of(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double a : v) sum += a;
    return sum / static_cast<double>(v.size());
}

/// Exact ones, as a share of 0 has an error, too.
Bounds exact_bounds(const std::vector<Nearness>& all) {
    Bounds out = empty_bounds(static_cast<std::int64_t>(all.size()));
    for (std::int64_t s = 0; s < out.low.rows; ++s)
        for (std::int64_t l = 0; l < out.low.cols; ++l) {
            const std::vector<double>& copies = all[static_cast<std::size_t>(s)].copies;
            const auto n = static_cast<std::int64_t>(copies.size());
            const auto [low, high] = share_interval(mean_of(copies), 0.0, n, out.levels[static_cast<std::size_t>(l)]);
            out.low(s, l) = low;
            out.high(s, l) = high;
        }
    return out;
}

}  // namespace

Estimate memorised(const PointSets& x, const ReferencePoints& y, const MemorisedOptions& options) {
    const Matrix& points = y.points;
    require(options.ratio > 0 && options.ratio <= 1, "memorised: ratio must lie in (0, 1], got ", options.ratio);
    check_sets("memorised", x, points, 2);
    const Matrix different =
        merge_targets(points, std::vector<double>(static_cast<std::size_t>(points.rows), 1.0)).points;
    require(different.rows >= 2, "memorised: y must hold at least 2 different points, got ", different.rows);
    const std::int64_t together = rows_together(different);
    std::int64_t total = 0;
    for (const Matrix& set : x.sets) total += set.rows;
    std::vector<Nearness> all;
    std::vector<double> nearest;
    Estimate e;
    for (const Matrix& set : x.sets) {
        Nearness& found = all.emplace_back();
        for (std::int64_t first = 0; first < set.rows; first += together) {
            const std::int64_t count = std::min(together, set.rows - first);
            look(set.view().slice(first, count), different, options.ratio, options.threads, found);
            if (options.progress) options.progress(e.n + first + count, total, {});
        }
        e.value.push_back(mean_of(all.back().copies));
        nearest.push_back(mean_of(all.back().nearest));
        e.n += set.rows;
    }
    const auto m = static_cast<std::int64_t>(all.size());
    e.covariance = Matrix(m, m);
    for (std::int64_t s = 0; s < m; ++s)
        for (std::int64_t t = 0; t < m; ++t) {
            const auto &a = all[static_cast<std::size_t>(s)].copies, &b = all[static_cast<std::size_t>(t)].copies;
            if (a.size() != b.size()) continue;
            double sum = 0.0;
            for (std::size_t i = 0; i < a.size(); ++i)
                sum += (a[i] - e.value[static_cast<std::size_t>(s)]) * (b[i] - e.value[static_cast<std::size_t>(t)]);
            e.covariance(s, t) = sum / (static_cast<double>(a.size()) * static_cast<double>(a.size() - 1));
        }
    e.bounds = exact_bounds(all);
    e.names = names_of("memorised", x);
    e.diagnostics["nearest"] = nearest;
    e.diagnostics["counted"] = std::string("rows");
    return e;
}

}  // namespace buffon

#include <buffon/prdc.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/neighbours.hpp>
#include <buffon/pairs_told.hpp>

namespace buffon {
namespace {

constexpr std::array<const char*, 4> words = {"precision", "recall", "density", "coverage"};
constexpr std::int64_t groups = 16;                    // row i is in group i mod 16
constexpr std::size_t versions = 1 + 2 * (groups - 1);   // all rows, and both halves of 15 balanced splits of the groups
using Four = std::array<double, 4>;
using Bits = std::uint32_t;                            // a bit for each version
static_assert(versions <= 32);

/// Versions that a row of this group is in. Any two of the splits agree on half of the groups: products of signs.
Bits versions_of(std::int64_t group) {
    Bits out = 1;
    for (std::int64_t split = 1; split < groups; ++split)
        out |= Bits{1} << (2 * split - (std::popcount(static_cast<unsigned>(group & split)) % 2 == 0 ? 1 : 0));
    return out;
}

const std::array<Bits, groups> present = [] {
    std::array<Bits, groups> out;
    for (std::int64_t g = 0; g < groups; ++g) out[static_cast<std::size_t>(g)] = versions_of(g);
    return out;
}();
Bits present_of(std::int64_t row) { return present[static_cast<std::size_t>(row % groups)]; }

/// A sample with the balls around its points in each version: squared distances of the nearest others, and for each of these the
/// versions whose ball reaches beyond it. A ball ends at the k-th neighbour that is there, or at the last one known.
struct Balled {
    const Matrix* points;
    Neighbours near;
    std::vector<Bits> narrow, wide;   // (n, neighbours + 1); the first: beyond the centre
    std::vector<double> largest;      // (n) squared, of all balls
    double reached = 0.0;             // share of points among the precision_k nearest of another

    /// Versions whose balls around point i hold what is at this squared distance: narrow, wide.
    std::pair<Bits, Bits> holding(std::int64_t i, double square) const {
        const auto squares = near.squares.view().row(i);
        const auto at = static_cast<std::size_t>(i) * (squares.size() + 1) +
                        static_cast<std::size_t>(std::ranges::upper_bound(squares, square) - squares.begin());
        return {narrow[at], wide[at]};
    }
};

void add_balls(std::span<const std::int64_t> index, std::int64_t k, std::vector<Bits>& out) {
    std::array<std::int64_t, versions> found{};
    Bits open = ~Bits{0};
    for (const std::int64_t other : index) {
        out.push_back(open);
        for (Bits left = open & present_of(other); left != 0; left &= left - 1) {
            const auto v = static_cast<std::size_t>(std::countr_zero(left));
            if (++found[v] == k) open &= ~(Bits{1} << v);
        }
    }
    out.push_back(0);
}

Balled balled(const Matrix& points, const PrdcOptions& o, const BlockDone& done) {
    const std::int64_t n = points.rows, k = std::max(o.precision_k, o.density_k),
                       known = std::min(4 * k + 2, n - 1);   // a half has k of them but once in 400
    Balled out{&points, nearest_neighbours(points, known, o.threads, done), {}, {}, {}, 0.0};
    std::vector<bool> reached(static_cast<std::size_t>(n), false);
    for (std::int64_t i = 0; i < n; ++i) {
        const std::span index(out.near.index.data() + i * known, static_cast<std::size_t>(known));
        add_balls(index, o.precision_k, out.narrow);
        add_balls(index, o.density_k, out.wide);
        for (std::int64_t r = 0; r < o.precision_k; ++r)
            reached[static_cast<std::size_t>(index[static_cast<std::size_t>(r)])] = true;
        std::int64_t last = known - 1;
        while (last > 0 && (out.narrow[static_cast<std::size_t>(i * (known + 1) + last)] |
                            out.wide[static_cast<std::size_t>(i * (known + 1) + last)]) == 0)
            --last;
        out.largest.push_back(out.near.squares(i, last));
    }
    out.reached = static_cast<double>(std::ranges::count(reached, true)) / static_cast<double>(n);
    return out;
}

std::int64_t rows_of(std::int64_t all, std::size_t version) {
    std::int64_t out = 0;
    for (std::int64_t g = 0; g < groups; ++g)
        if ((present[static_cast<std::size_t>(g)] >> version & 1u) != 0) out += (all - g + groups - 1) / groups;
    return out;
}

/// The four values of each version from the pairs that are near.
class Counts {
public:
    Counts(const Balled& x, const Balled& y, const PrdcOptions& o)
        : x_(x), y_(y), k_(o.density_k), within_(x.largest.size(), 0), reached_(y.largest.size(), 0),
          covered_(y.largest.size(), 0) {}

    void add(const ClosePair& pair) {
        const auto i = static_cast<std::size_t>(pair.row), j = static_cast<std::size_t>(pair.key);
        const Bits both = present_of(pair.row) & present_of(pair.key);
        const auto [narrow, all_wide] = y_.holding(pair.key, pair.square);
        const Bits wide = all_wide & both;
        within_[i] |= narrow & both;
        reached_[j] |= x_.holding(pair.row, pair.square).first & both;
        covered_[j] |= wide;
        for (Bits left = wide; left != 0; left &= left - 1) ++inside_[static_cast<std::size_t>(std::countr_zero(left))];
    }

    Four values(std::size_t version) const {
        const double n = static_cast<double>(rows_of(x_.points->rows, version)),
                     m = static_cast<double>(rows_of(y_.points->rows, version));
        const auto count = [version](const std::vector<Bits>& bits) {
            return static_cast<double>(std::ranges::count_if(bits, [version](Bits b) { return (b >> version & 1u) != 0; }));
        };
        return {count(within_) / n, count(reached_) / m,
                static_cast<double>(inside_[version]) / (n * static_cast<double>(k_)), count(covered_) / m};
    }

private:
    const Balled &x_, &y_;
    std::int64_t k_;
    std::vector<Bits> within_, reached_, covered_;   // of x, of y, of y: the versions where it is
    std::array<std::int64_t, versions> inside_{};
};

/// Variance of one term with this mean: of shares p (1 - p), kept from 0 by half a count on both sides; of numbers of
/// points the mean.
double spread_of(std::size_t which, double mean, double rows) {
    if (which == 2) return mean + 0.5 / rows;
    const double p = (mean * rows + 0.5) / (rows + 1);
    return p * (1 - p);
}

/// Products of points far from 0 lose the digits of their differences.
Matrix centred(ConstView x, const std::vector<double>& mean) {
    Matrix out(x.rows, x.cols);
    for (std::int64_t i = 0; i < x.size(); ++i)
        out.data[static_cast<std::size_t>(i)] = x.data[i] - mean[static_cast<std::size_t>(i % x.cols)];
    return out;
}

/// Mean coverage of n points of one law with m points of it: no x among the first k of the others around a y.
double coverage_of_equals(std::int64_t n, std::int64_t m, std::int64_t k) {
    double none = 1.0;
    for (std::int64_t i = 0; i < k; ++i) none *= static_cast<double>(m - 1 - i) / static_cast<double>(m - 1 + n - i);
    return 1 - none;
}

void check(const PointSets& x, const Matrix& y, const PrdcOptions& o) {
    require(o.precision_k >= 1, "prdc: precision_k must be at least 1, got ", o.precision_k);
    require(o.density_k >= 1, "prdc: density_k must be at least 1, got ", o.density_k);
    check_sets("prdc", x, y, std::max(groups, 4 * (std::max(o.precision_k, o.density_k) + 1)));
}

/// Covariance from the differences of both halves of each split, (versions, q) values. Balls are wider in a half, so
/// that its shares
/// are others: what carries over to the whole is how much more they vary than independent terms of their mean would.
Matrix covariance_of(ConstView values, const std::vector<double>& rows) {
    constexpr std::int64_t splits = groups - 1;
    std::vector<double> scale;
    for (std::int64_t v = 0; v < values.cols; ++v) {
        double half = 0.0;
        for (std::int64_t r = 1; r < values.rows; ++r) half += values(r, v) / (2 * splits);
        const auto which = static_cast<std::size_t>(v % 4);
        const double of_rows = rows[static_cast<std::size_t>(v)];
        scale.push_back(0.5 * std::sqrt(spread_of(which, values(0, v), of_rows) / spread_of(which, half, of_rows / 2)));
    }
    Matrix out(values.cols, values.cols);
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t j = 0; j < out.cols; ++j)
            for (std::int64_t s = 0; s < splits; ++s)
                out(i, j) += scale[static_cast<std::size_t>(i)] * scale[static_cast<std::size_t>(j)] / splits *
                             (values(2 * s + 1, i) - values(2 * s + 2, i)) * (values(2 * s + 1, j) - values(2 * s + 2, j));
    for (std::int64_t v = 0; v < out.rows; ++v)   // halves that are all alike
        if (out(v, v) == 0)
            out(v, v) = spread_of(static_cast<std::size_t>(v % 4), values(0, v), rows[static_cast<std::size_t>(v)]) /
                        rows[static_cast<std::size_t>(v)];
    return out;
}

std::int64_t pairs_of(const PointSets& x, std::int64_t m) {
    std::int64_t pairs = m * m;
    for (const Matrix& set : x.sets) pairs += set.rows * (set.rows + m);
    return pairs;
}

}  // namespace

Estimate prdc(const PointSets& x, const ReferencePoints& y, const PrdcOptions& options) {
    check(x, y.points, options);
    const auto sets = static_cast<std::int64_t>(x.sets.size()), m = y.points.rows;
    const std::vector<double> mean = column_means(y.points);
    PairsTold told(options.progress, pairs_of(x, m));
    const Matrix reference = centred(y.points, mean);
    const Balled of_reference = balled(reference, options, told.next(m * m));
    Matrix values(versions, 4 * sets);
    std::vector<double> floor, rows;
    Estimate e;
    e.names = names_of(x, {words.begin(), words.end()});
    e.n = m;
    for (std::int64_t s = 0; s < sets; ++s) {
        const Matrix sample = centred(x.sets[static_cast<std::size_t>(s)], mean);
        const std::int64_t n = sample.rows;
        const Balled of_sample = balled(sample, options, told.next(n * n));
        Counts counts(of_sample, of_reference, options);
        for_close_pairs(
            sample, reference, of_sample.largest, of_reference.largest,
            [&](std::span<const ClosePair> pairs) {
                std::ranges::for_each(pairs, [&](const ClosePair& p) { counts.add(p); });
            },
            options.threads, told.next(n * m));
        for (std::size_t v = 0; v < versions; ++v)
            std::ranges::copy(counts.values(v), values.view().row(static_cast<std::int64_t>(v)).begin() + 4 * s);
        floor.insert(floor.end(), {of_reference.reached, of_sample.reached, 1.0, coverage_of_equals(n, m, options.density_k)});
        for (const std::int64_t count : {n, m, n, m}) rows.push_back(static_cast<double>(count));
        e.n += n;
    }
    const auto all = values.view().row(0);
    e.value.assign(all.begin(), all.end());
    e.covariance = covariance_of(values, rows);
    e.degrees_of_freedom = static_cast<double>(groups - 1);
    e.diagnostics["floor"] = floor;
    e.diagnostics["counted"] = std::string("rows");
    return e;
}

}  // namespace buffon

#include <buffon/ranks.hpp>

#include <algorithm>
#include <span>

#include <buffon/stream.hpp>

namespace buffon {
namespace {

struct Place {
    double x;
    std::int64_t row;
};

/// Ties would otherwise stand in the order of the table, which may be that of y.
void shuffle(std::span<Place> ties) {
    const Stream stream{0, 0};
    std::ranges::sort(ties, {}, [&](const Place& p) { return stream.word(p.row, 0); });
}

/// Sums of output j over a group of rows.
struct GroupSums {
    double n = 0, sum = 0, squares = 0;
    double mean() const { return sum / n; }
    /// Mean product of two different rows.
    double product() const { return (sum * sum - squares) / (n * (n - 1)); }
};

GroupSums sums_of(const RankOrder& order, ConstView y, std::int64_t g, std::int64_t j) {
    GroupSums s;
    for (std::int64_t k = order.group[static_cast<std::size_t>(g)]; k < order.group[static_cast<std::size_t>(g + 1)]; ++k) {
        const double v = y(order.rows[static_cast<std::size_t>(k)], j);
        s.n += 1;
        s.sum += v;
        s.squares += v * v;
    }
    return s;
}

double neighbour_product(const RankOrder& order, ConstView y, std::int64_t j) {
    GroupSums last = sums_of(order, y, 0, j);
    double total = 0, first_pair = 0, last_pair = 0;
    if (last.n > 1) total = (last.n - 1) * (first_pair = last_pair = last.product());
    for (std::int64_t g = 1; g < order.groups(); ++g) {
        const GroupSums next = sums_of(order, y, g, j);
        const double across = last.mean() * next.mean();
        total += across;
        if (g == 1 && last.n == 1) first_pair = across;
        last_pair = across;
        if (next.n > 1) total += (next.n - 1) * (last_pair = next.product());
        last = next;
    }
    return (total + 0.5 * first_pair + 0.5 * last_pair) / static_cast<double>(y.rows);
}

/// Outputs in the order of x, (n, m).
Matrix ordered(const RankOrder& order, ConstView y) {
    Matrix out(y.rows, y.cols);
    for (std::int64_t k = 0; k < y.rows; ++k)
        std::ranges::copy(y.row(order.rows[static_cast<std::size_t>(k)]), out.view().row(k).begin());
    return out;
}

/// E[y | x] and its square from every second of the 2 error_neighbours rows about k (from one side near an end): unbiased,
/// and independent of what the other half says.
struct Local {
    double mean, square;
};
Local local_mean(ConstView y, std::int64_t k, std::int64_t j, std::int64_t half) {
    constexpr std::int64_t reach = error_neighbours;
    double sum = 0, squares = 0;
    const auto add = [&](std::int64_t at) {
        sum += y(at, j);
        squares += y(at, j) * y(at, j);
    };
    const bool inside = k >= reach && k + reach < y.rows;
    const std::int64_t side = k < reach ? 1 : -1;
    for (std::int64_t o = 1 + half; o <= (inside ? reach : 2 * reach); o += 2) {
        add(inside ? k + o : k + side * o);
        if (inside) add(k - o);
    }
    constexpr double count = reach;
    return {sum / count, (sum * sum - squares) / (count * (count - 1))};
}

double phi_of(ConstView y, std::int64_t k, std::int64_t j, std::int64_t half, double index) {
    const Local local = local_mean(y, k, j, half);
    return 2 * local.mean * y(k, j) - local.square - index * y(k, j) * y(k, j);
}

/// Share of a pair of neighbours in the variance of their products when these are means over all orders of ties: pairs
/// inside a group of g share 2 (g - 1) / g, one across groups has 1 / (g g').
std::vector<double> pair_shares(const RankOrder& order) {
    std::vector<double> shares;
    shares.reserve(order.rows.size());
    const auto size = [&](std::int64_t g) {
        return static_cast<double>(order.group[static_cast<std::size_t>(g + 1)] - order.group[static_cast<std::size_t>(g)]);
    };
    for (std::int64_t g = 0; g < order.groups(); ++g) {
        shares.insert(shares.end(), static_cast<std::size_t>(size(g)) - 1, 2 / size(g));
        if (g + 1 < order.groups()) shares.push_back(1 / (size(g) * size(g + 1)));
    }
    return shares;
}

/// Variance (m, m) of the products of what neighbours have beyond E[y | x]: squared covariances, each from two pairs.
Matrix residual_block(const RankOrder& order, ConstView y) {
    const std::vector<double> shares = pair_shares(order);
    Matrix out(y.cols, y.cols);
    const auto covariance = [&](std::int64_t k, std::int64_t a, std::int64_t b) {
        return 0.5 * (y(k, a) - y(k + 1, a)) * (y(k, b) - y(k + 1, b));
    };
    for (std::int64_t k = 0; k + 1 < y.rows; ++k) {
        const std::int64_t other = k + 3 < y.rows ? k + 2 : k - 2;
        for (std::int64_t a = 0; a < y.cols; ++a)
            for (std::int64_t b = 0; b <= a; ++b)
                out(a, b) += shares[static_cast<std::size_t>(k)] * covariance(k, a, b) * covariance(other, a, b);
    }
    for (std::int64_t a = 0; a < y.cols; ++a)
        for (std::int64_t b = 0; b <= a; ++b) out(b, a) = out(a, b) /= static_cast<double>(y.rows);
    return out;
}

}  // namespace

RankOrder rank_order(ConstView x, std::int64_t input) {
    std::vector<Place> places(static_cast<std::size_t>(x.rows));
    for (std::int64_t i = 0; i < x.rows; ++i) places[static_cast<std::size_t>(i)] = {x(i, input), i};
    std::ranges::sort(places, [](const Place& a, const Place& b) { return a.x < b.x || (a.x == b.x && a.row < b.row); });
    RankOrder order;
    for (std::size_t k = 0, end = 0; k < places.size(); k = end) {
        for (end = k + 1; end < places.size() && places[end].x == places[k].x;) ++end;
        if (end - k > 1) shuffle(std::span(places).subspan(k, end - k));
        order.group.push_back(static_cast<std::int64_t>(k));
    }
    order.group.push_back(x.rows);
    order.rows.reserve(places.size());
    for (const Place& p : places) order.rows.push_back(p.row);
    return order;
}

std::vector<double> neighbour_products(const RankOrder& order, ConstView y) {
    std::vector<double> out;
    for (std::int64_t j = 0; j < y.cols; ++j) out.push_back(neighbour_product(order, y, j));
    return out;
}

RankErrors rank_errors(const RankOrder& order, ConstView y, const std::vector<double>& index, std::int64_t stride) {
    const std::int64_t n = y.rows, m = y.cols, kept = (n + stride - 1) / stride;
    const Matrix sorted = ordered(order, y);
    const Matrix residual = residual_block(order, sorted);
    RankErrors out{residual, Matrix(kept, m), Matrix(kept, m)};
    Matrix cross(m, m), sums(2, m), phi(2, m);
    for (std::int64_t k = 0; k < n; ++k) {
        for (std::int64_t half = 0; half < 2; ++half)
            for (std::int64_t j = 0; j < m; ++j)
                sums(half, j) += phi(half, j) = phi_of(sorted, k, j, half, index[static_cast<std::size_t>(j)]);
        for (std::int64_t a = 0; a < m; ++a)
            for (std::int64_t b = 0; b < m; ++b) cross(a, b) += phi(0, a) * phi(1, b);
        const std::int64_t row = order.rows[static_cast<std::size_t>(k)];
        if (row % stride != 0) continue;
        for (std::int64_t j = 0; j < m; ++j) {
            const double next = sorted(k + 1 < n ? k + 1 : k - 1, j);
            out.phi(row / stride, j) = 0.5 * (phi(0, j) + phi(1, j));
            out.terms(row / stride, j) = sorted(k, j) * next - index[static_cast<std::size_t>(j)] * sorted(k, j) * sorted(k, j);
        }
    }
    const auto count = static_cast<double>(n);
    const auto covariance = [&](std::int64_t a, std::int64_t b) {
        return cross(a, b) / count - sums(0, a) / count * sums(1, b) / count;
    };
    for (std::int64_t a = 0; a < m; ++a)
        for (std::int64_t b = 0; b < m; ++b) out.block(a, b) += 0.5 * (covariance(a, b) + covariance(b, a));
    for (std::int64_t j = 0; j < m; ++j) out.block(j, j) = std::max(out.block(j, j), residual(j, j));   // few rows: chance
    return out;
}

}  // namespace buffon

#include <buffon/shapley_design.hpp>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include <buffon/kernels.hpp>

namespace buffon {
namespace {

PointSet points_of(Points kind, std::int64_t dim, std::int64_t points, std::int64_t replicates, std::uint64_t key) {
    if (kind == Points::iid) return PointSet::independent(points * replicates, Stream{key, 0});
    return PointSet::nets(dim, points, replicates, key, 0);
}

bool depend(const Distribution& inputs, const Groups& groups) {
    const std::vector<std::int64_t> block = dependent_blocks(inputs);
    for (std::size_t i = 0; i < block.size(); ++i)
        if (groups.of[i] != groups.of[static_cast<std::size_t>(block[i])]) return true;
    return false;
}

/// The order of the numbers: a random permutation of 0 ... G - 1.
void order_of(std::span<const double> v, std::span<std::int64_t> order) {
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](std::int64_t a, std::int64_t b) {
        const double va = v[static_cast<std::size_t>(a)], vb = v[static_cast<std::size_t>(b)];
        return va < vb || (va == vb && a < b);
    });
}

}  // namespace

ShapleyDesign::ShapleyDesign(const std::string& who, const Distribution& inputs, Groups groups, Points kind, std::int64_t points,
                             std::int64_t replicates, std::uint64_t key)
    : inputs_(inputs), groups_(std::move(groups)), points_(points), replicates_(replicates),
      set_(points_of(kind, 2 * inputs.dim() + groups_.size(), points, replicates, key)) {
    if (depend(inputs, groups_)) rosenblatt_.emplace(who, inputs, groups_.of);
}

void ShapleyDesign::rows(std::int64_t first, std::vector<std::int64_t>& orders, View x) const {
    const std::int64_t g = steps(), d = inputs_.dim(), n = x.rows / (g + 1);
    Matrix u(n, 2 * d + g);
    set_.uniform(first, u);
    orders.resize(static_cast<std::size_t>(n * g));
    for (std::int64_t i = 0; i < n; ++i)
        order_of(u.view().row(i).subspan(static_cast<std::size_t>(2 * d)),
                 std::span(orders).subspan(static_cast<std::size_t>(i * g), static_cast<std::size_t>(g)));
    if (independent()) independent_walks(u, orders, x);
    else dependent_walks(u, orders, x);
}

void ShapleyDesign::independent_walks(ConstView u, const std::vector<std::int64_t>& orders, View x) const {
    const std::int64_t g = steps(), d = inputs_.dim(), n = u.rows;
    Matrix ends(2 * n, d);   // a and b of each row
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(u.row(i).data(), 2 * d, ends.view().row(2 * i).data());
    inputs_.from_uniform(ends, ends);
    for (std::int64_t i = 0; i < n; ++i) {
        std::copy_n(ends.view().row(2 * i).data(), d, x.row(i * (g + 1)).data());
        for (std::int64_t k = 0; k < g; ++k) {
            const std::int64_t at = i * (g + 1) + k + 1;
            std::copy_n(x.row(at - 1).data(), d, x.row(at).data());
            for (const std::int64_t c :
                 groups_.coordinates[static_cast<std::size_t>(orders[static_cast<std::size_t>(i * g + k)])])
                x(at, c) = ends(2 * i + 1, c);
        }
    }
}

/// In the reverse of the row's order Rosenblatt's map fixes what is not drawn anew by its first normal numbers: point k has those
/// of a there, and those of b behind them.
void ShapleyDesign::dependent_walks(ConstView u, const std::vector<std::int64_t>& orders, View x) const {
    const std::int64_t g = steps(), d = inputs_.dim(), n = u.rows;
    Matrix ends(2 * n, d);
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(u.row(i).data(), 2 * d, ends.view().row(2 * i).data());
    kernels().normal_quantiles(ends.data.data(), 2 * n * d);
    std::vector<std::int64_t> reversed;
    for (std::int64_t i = 0; i < n; ++i) {
        reversed.clear();
        std::copy_n(ends.view().row(2 * i).data(), d, x.row(i * (g + 1)).data());
        for (std::int64_t k = 0; k < g; ++k) {
            const std::int64_t at = i * (g + 1) + k + 1;
            std::copy_n(x.row(at - 1).data(), d, x.row(at).data());
            for (const std::int64_t c :
                 groups_.coordinates[static_cast<std::size_t>(orders[static_cast<std::size_t>(i * g + k)])]) {
                x(at, c) = ends(2 * i + 1, c);
                reversed.push_back(c);
            }
        }
        std::ranges::reverse(reversed);
        rosenblatt_->correlate(reversed, x.slice(i * (g + 1), g + 1));
    }
    rosenblatt_->from_scores(x);
}

}  // namespace buffon

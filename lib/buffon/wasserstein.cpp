#include <buffon/wasserstein.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/matching.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

void check_points(ConstView points, const char* name) {
    for (std::int64_t k = 0; k < points.size(); ++k)
        require(std::abs(points.data[k]) < 1e150, "wasserstein: ", name, " must hold numbers up to 1e150, got ",
                points.data[k], " in row ", k / points.cols);
}

/// Rows in the order of their only coordinate.
std::vector<std::int64_t> order_of(ConstView points) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(points.rows));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::int64_t i) { return points.data[i]; });
    return order;
}

/// Optimal for every convex cost of a difference.
std::vector<std::int64_t> by_sorting(ConstView x, ConstView y) {
    const std::vector<std::int64_t> of_x = order_of(x), of_y = order_of(y);
    std::vector<std::int64_t> partner(of_x.size());
    for (std::size_t k = 0; k < of_x.size(); ++k) partner[static_cast<std::size_t>(of_x[k])] = of_y[k];
    return partner;
}

double cost_of(ConstView x, ConstView y, std::int64_t i, std::int64_t j, int order) {
    double square = 0.0;
    for (std::int64_t k = 0; k < x.cols; ++k) square += (x(i, k) - y(j, k)) * (x(i, k) - y(j, k));
    return order == 1 ? std::sqrt(square) : square;
}

}  // namespace

Wasserstein wasserstein(ConstView x, ConstView y, const WassersteinOptions& options) {
    require(options.order == 1 || options.order == 2, "wasserstein: order must be 1 or 2, got ", options.order);
    require(x.rows == y.rows && x.cols == y.cols && x.rows >= 1 && x.cols >= 1,
            "wasserstein: x and y must have the same shape (n, d), got (", x.rows, ", ", x.cols, ") and (", y.rows,
            ", ", y.cols, "); sinkhorn takes samples of unequal size");
    check_points(x, "x");
    check_points(y, "y");
    Wasserstein out;
    if (x.cols == 1) {
        out.partner = by_sorting(x, y);
    } else {
        CostLines costs(x, y, options.order == 1);
        Matching matching(costs);
        match(costs, matching);
        out.partner = matching.column_of;
    }
    const double total = sum_of(x.rows, [&](std::int64_t i) {
        return cost_of(x, y, i, out.partner[static_cast<std::size_t>(i)], options.order);
    });
    const double mean = total / static_cast<double>(x.rows);
    out.distance = options.order == 1 ? mean : std::sqrt(mean);
    return out;
}

}  // namespace buffon

#include <buffon/transport_targets.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/check.hpp>

namespace buffon {

std::vector<double> checked_masses(const Matrix& points, const std::optional<std::vector<double>>& given) {
    if (!given) return std::vector<double>(static_cast<std::size_t>(points.rows), 1 / static_cast<double>(points.rows));
    require(static_cast<std::int64_t>(given->size()) == points.rows, "transport_map: masses must have shape (n,) = (",
            points.rows, ",), got ", given->size());
    double total = 0.0;
    for (const double mass : *given) {
        require(std::isfinite(mass) && mass >= 0, "transport_map: masses must be finite and not negative, got ", mass);
        total += mass;
    }
    require(total > 0, "transport_map: at least one of masses must be positive");
    std::vector<double> out = *given;
    for (double& mass : out) mass /= total;
    return out;
}

Targets merge_targets(const Matrix& points, const std::vector<double>& masses) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(points.rows));
    std::iota(order.begin(), order.end(), 0);
    const auto row = [&](std::int64_t i) { return ConstView(points).row(i); };
    std::ranges::stable_sort(
        order, [&](std::int64_t a, std::int64_t b) { return std::ranges::lexicographical_compare(row(a), row(b)); });
    std::vector<std::int64_t> same(order.size());
    for (std::size_t k = 0; k < order.size(); ++k) {
        const bool again = k > 0 && std::ranges::equal(row(order[k]), row(order[k - 1]));
        same[static_cast<std::size_t>(order[k])] = again ? same[static_cast<std::size_t>(order[k - 1])] : order[k];
    }
    std::vector<double> received(masses.size(), 0.0);
    for (std::size_t i = 0; i < masses.size(); ++i) received[static_cast<std::size_t>(same[i])] += masses[i];
    Targets out;
    std::vector<std::int64_t> row_of(masses.size(), -1);
    for (std::size_t i = 0; i < masses.size(); ++i)
        if (same[i] == static_cast<std::int64_t>(i) && received[i] > 0) {
            row_of[i] = static_cast<std::int64_t>(out.first.size());
            out.first.push_back(static_cast<std::int64_t>(i));
            out.masses.push_back(received[i]);
        }
    for (const std::int64_t i : same) out.merged.push_back(row_of[static_cast<std::size_t>(i)]);
    out.points = Matrix(static_cast<std::int64_t>(out.first.size()), points.cols);
    out.centre.assign(static_cast<std::size_t>(points.cols), 0.0);
    for (std::int64_t i = 0; i < out.points.rows; ++i) {
        std::ranges::copy(row(out.first[static_cast<std::size_t>(i)]), View(out.points).row(i).begin());
        for (std::int64_t j = 0; j < points.cols; ++j)
            out.centre[static_cast<std::size_t>(j)] += out.masses[static_cast<std::size_t>(i)] * out.points(i, j);
    }
    return out;
}

}  // namespace buffon

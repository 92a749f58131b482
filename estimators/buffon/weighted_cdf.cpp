#include <buffon/weighted_cdf.hpp>

#include <algorithm>
#include <numeric>

#include <buffon/check.hpp>

namespace buffon {

WeightedCdf::WeightedCdf(const KeptRows& rows, std::span<const double> weight, std::int64_t output) {
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < rows.draws(); ++i)
        if (rows.succeeded(i) && weight[static_cast<std::size_t>(i)] > 0) order.push_back(i);
    require(!order.empty(), rows.function(), ": no row of the sample has weight under this law");
    std::ranges::stable_sort(order, {}, [&](std::int64_t i) { return rows.y(i, output); });
    double sum = 0;
    for (const std::int64_t i : order) {
        sum += weight[static_cast<std::size_t>(i)];
        value_.push_back(rows.y(i, output));
        share_.push_back(sum);
    }
    for (double& s : share_) s /= sum;
}

double WeightedCdf::quantile(double p) const {
    // a share of i / n must count as level i / n, whatever their last bits
    const auto found = std::ranges::lower_bound(share_, p * (1 - 1e-13));
    return found == share_.end() ? value_.back() : value_[static_cast<std::size_t>(found - share_.begin())];
}

double WeightedCdf::operator()(double y) const {
    const auto above = std::ranges::upper_bound(value_, y) - value_.begin();
    return above == 0 ? 0.0 : share_[static_cast<std::size_t>(above - 1)];
}

}  // namespace buffon

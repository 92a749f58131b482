#include <buffon/share_interval.hpp>

#include <algorithm>

#include <boost/math/special_functions/beta.hpp>

namespace buffon {
namespace {

constexpr double most_hits = 1e12;   // numbers that hardly vary would be worth so many that the beta function's series do not end

}  // namespace

Bounds empty_bounds(std::int64_t m) {
    const auto levels = static_cast<std::int64_t>(bound_levels.size());
    return {bound_levels, Matrix(m, levels), Matrix(m, levels)};
}

std::pair<double, double> share_interval(double share, double variance, std::int64_t n, double level) {
    const double p = std::clamp(share, 0.0, 1.0), rows = static_cast<double>(n), least = std::min(p, 1 - p) * rows;
    const double number = variance > 0 && least >= 5 ? std::max(rows, std::min(p * (1 - p) / variance, most_hits)) : rows;
    const double hits = p * number, beyond = (1 - level) / 2;
    const double low = hits > 0 ? boost::math::ibeta_inv(hits, number - hits + 1, beyond) : 0.0;
    const double high = hits < number ? boost::math::ibetac_inv(hits + 1, number - hits, beyond) : 1.0;
    return {low, high};
}

}  // namespace buffon

/// Observed order of a solver on data N(1.2, 0.3^2), where result and flow are affine and nothing is drawn.
#pragma once

#include <buffon/diffusion/gaussian_law.hpp>
#include <buffon/diffusion/table.hpp>

#include <cmath>
#include <cstdint>
#include <functional>

namespace problems {

/// Root mean square over the starts of result - flow; of a random table the Wasserstein distance of the two laws.
inline double error_on_gaussian(const buffon::diffusion::Table& table) {
    const auto result = result_on_gaussian(table, 1.2, 0.3), flow = flow_on_gaussian(table, 1.2, 0.3);
    const double spread = table.has_noise() ? std::sqrt(result.variance()) : result.start;
    return std::hypot(result.constant - flow.constant, spread - flow.start);
}

/// Base-2 logarithm of the errors' ratio as the steps double once.
inline double observed_order(const std::function<buffon::diffusion::Table(std::int64_t)>& make, std::int64_t steps) {
    return std::log2(error_on_gaussian(make(steps)) / error_on_gaussian(make(2 * steps)));
}

}  // namespace problems

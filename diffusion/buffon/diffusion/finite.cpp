#include <buffon/diffusion/finite.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>

namespace buffon::diffusion {

bool all_finite(std::span<const double> values) {
    std::array<double, 8> zeros{};   // v * 0 is NaN unless v is finite; eight sums, as one would wait for itself
    const std::size_t whole = values.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8)
        for (std::size_t lane = 0; lane < 8; ++lane) zeros[lane] += values[i + lane] * 0.0;
    for (std::size_t i = whole; i < values.size(); ++i) zeros[0] += values[i] * 0.0;
    return std::accumulate(zeros.begin(), zeros.end(), 0.0) == 0.0;
}

void require_finite(std::string_view what, ConstView answer, std::span<const double> sigma) {
    const std::span values(answer.data, static_cast<std::size_t>(answer.size()));
    if (all_finite(values)) return;
    const auto first = std::ranges::find_if(values, [](double v) { return !std::isfinite(v); }) - values.begin();
    const std::int64_t row = first / answer.cols;
    require(false, what, ", got ", values[static_cast<std::size_t>(first)], " in row ", row, " at sigma = ", of_row(sigma, row));
}

}  // namespace buffon::diffusion

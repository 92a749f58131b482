#include <buffon/student_fit.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/linalg.hpp>

namespace buffon {
namespace {

constexpr int most_steps = 200;
constexpr double settled = 1e-6;   // of the scale: far below what a sample says of it

/// Largest change of the location and of the factor's entries, in units of `from`'s mean scale.
double change(const Gaussian& from, const Gaussian& to) {
    double largest = 0, scale = 0;
    for (std::int64_t j = 0; j < from.dim(); ++j) scale += from.factor(j, j) / static_cast<double>(from.dim());
    for (std::size_t j = 0; j < from.mean.size(); ++j) largest = std::max(largest, std::abs(to.mean[j] - from.mean[j]));
    for (std::size_t j = 0; j < from.factor.data.size(); ++j)
        largest = std::max(largest, std::abs(to.factor.data[j] - from.factor.data[j]));
    return largest / scale;
}

}  // namespace

std::vector<double> student_weights(ConstView z, std::span<const double> weights, const Gaussian& law) {
    std::vector<double> out(weights.begin(), weights.end());
    if (!law.heavy()) return out;
    std::vector<double> gap(static_cast<std::size_t>(z.cols));
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double& weight = out[static_cast<std::size_t>(i)];
        if (!(weight > 0)) continue;
        for (std::int64_t j = 0; j < z.cols; ++j)
            gap[static_cast<std::size_t>(j)] = z(i, j) - law.mean[static_cast<std::size_t>(j)];
        solve_lower(law.factor, gap.data());
        weight *= (law.degrees + static_cast<double>(z.cols)) / (law.degrees + sum_of_squares(gap.data(), z.cols));
    }
    return out;
}

std::optional<Gaussian> fit_student(ConstView z, std::span<const double> weights, const FitOptions& options) {
    require(options.degrees > 0 && std::isfinite(options.degrees),
            "fit_student: degrees must be positive and finite, got ", options.degrees);
    std::optional<Gaussian> law = fit_gaussian(z, weights, options);
    for (int step = 0; law && step < most_steps; ++step) {
        std::optional<Gaussian> next = fit_gaussian(z, student_weights(z, weights, *law), options);
        const bool done = next && change(*law, *next) < settled;
        law = std::move(next);
        if (done) break;
    }
    return law;
}

}  // namespace buffon

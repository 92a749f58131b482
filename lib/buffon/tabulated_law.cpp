#include <buffon/tabulated_law.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr std::size_t panels = 512;
constexpr double depth = 42;   // logarithms below the mode at which the table ends
// Gauss-Legendre of four points on [-1, 1]
constexpr std::array<double, 4> node{-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526};
constexpr std::array<double, 4> weight{0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538};

/// Where the density has fallen by `depth`, on the side of `direction`.
double end_of(const std::function<double(double)>& log_density, double mode, double direction) {
    const double least = log_density(mode) - depth;
    double near = mode, step = direction * 1e-3;
    while (log_density(near + step) > least) {
        near += step;
        step *= 2;
    }
    double far = near + step;
    for (int halving = 0; halving < 40; ++halving) {
        const double middle = 0.5 * (near + far);
        (log_density(middle) > least ? near : far) = middle;
    }
    return far;
}

}  // namespace

TabulatedLaw::TabulatedLaw(const std::function<double(double)>& log_density, double mode) {
    const double first = end_of(log_density, mode, -1.0), last = end_of(log_density, mode, 1.0);
    const double width = (last - first) / panels, peak = log_density(mode);
    const auto density = [&](double s) { return elementary::exp(log_density(s) - peak); };
    std::array<double, panels> mass{};
    for (std::size_t p = 0; p < panels; ++p)
        for (std::size_t g = 0; g < node.size(); ++g)
            mass[p] += 0.5 * width * weight[g] * density(first + width * (static_cast<double>(p) + 0.5 + 0.5 * node[g]));
    std::array<double, panels + 1> below{}, above{};   // each summed from its own end: both tails keep their digits
    const auto beyond = [&](double s, double outwards) {   // as if its logarithm went on in a line
        return std::abs(outwards) * density(s) / (log_density(s) - log_density(s + outwards));
    };
    below[0] = beyond(first, -width);
    above[panels] = beyond(last, width);
    for (std::size_t p = 0; p < panels; ++p) below[p + 1] = below[p] + mass[p];
    for (std::size_t p = panels; p-- > 0;) above[p] = above[p + 1] + mass[p];
    const double total = below[panels] + above[panels];
    for (std::size_t p = 0; p <= panels; ++p) {
        const double s = first + width * static_cast<double>(p);
        const double z = below[p] < above[p] ? normal_quantile(below[p] / total) : -normal_quantile(above[p] / total);
        score_.push_back(z);
        value_.push_back(s);
        slope_.push_back(total * elementary::exp(-0.5 * z * z - half_log_two_pi - (log_density(s) - peak)));
    }
}

/// Cubic between the nodes, whose values and slopes it has.
double TabulatedLaw::at_score(double score) const {
    if (score <= score_.front()) return value_.front();
    if (score >= score_.back()) return value_.back();
    const auto p = static_cast<std::size_t>(std::upper_bound(score_.begin(), score_.end(), score) - score_.begin()) - 1;
    const double h = score_[p + 1] - score_[p], t = (score - score_[p]) / h, s = 1 - t;
    return s * s * ((1 + 2 * t) * value_[p] + t * h * slope_[p]) + t * t * ((1 + 2 * s) * value_[p + 1] - s * h * slope_[p + 1]);
}

}  // namespace buffon

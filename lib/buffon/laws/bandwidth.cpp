#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/laws/kernel_density.hpp>

namespace buffon {
namespace {

double quantile(const std::vector<double>& ascending, double p) {
    const double place = p * static_cast<double>(ascending.size() - 1);
    const auto i = static_cast<std::size_t>(place);
    const double next = ascending[std::min(i + 1, ascending.size() - 1)];
    return ascending[i] + (place - static_cast<double>(i)) * (next - ascending[i]);
}

/// min(standard deviation, interquartile range / 1.34): what the rules of thumb take for the width of the law.
double robust_spread(std::span<const double> points, const char* who) {
    require(points.size() >= 2, who, ": points must be at least two, got ", points.size());
    std::vector<double> x(points.begin(), points.end());
    std::sort(x.begin(), x.end());
    require(std::isfinite(x.front()) && std::isfinite(x.back()), who, ": points must be finite");
    require(x.front() < x.back(), who, ": points must not all be equal, got ", x.front());
    const auto n = static_cast<double>(x.size());
    const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
    double square = 0;
    for (const double v : x) square += (v - mean) * (v - mean);
    const double sd = std::sqrt(square / (n - 1)), middle = (quantile(x, 0.75) - quantile(x, 0.25)) / 1.34;
    return middle > 0 ? std::min(sd, middle) : sd;
}

/// Numbers of pairs of points by the distance of their bins, the diagonal left out.
struct Distances {
    static constexpr std::size_t bins = 2048;
    double width;
    std::vector<double> pairs = std::vector<double>(bins, 0.0);

    explicit Distances(std::span<const double> points) {
        const auto [low, high] = std::minmax_element(points.begin(), points.end());
        width = (*high - *low) * 1.01 / static_cast<double>(bins);
        std::vector<double> count(bins, 0.0);
        for (const double x : points) count[static_cast<std::size_t>((x - *low) / width)] += 1;
        for (std::size_t i = 0; i < bins; ++i) {
            if (count[i] == 0) continue;
            pairs[0] += 0.5 * count[i] * (count[i] - 1);
            for (std::size_t j = 0; j < i; ++j) pairs[i - j] += count[i] * count[j];
        }
    }
    /// sum over ordered pairs, equal ones included, of f(distance / h).
    template <class F>
    double sum(double n, double h, const F& f) const {
        double total = 0;
        for (std::size_t lag = 0; lag < bins; ++lag) {
            const double t = static_cast<double>(lag) * width / h;
            if (t > 40) break;
            if (pairs[lag] > 0) total += pairs[lag] * f(t * t);
        }
        return 2 * total + n * f(0.0);
    }
};

constexpr double root_two_pi = 2.50662827463100050242;

/// Estimates of the integrals of f''^2 and of -f'''^2 by kernels of width h: derivatives of order 4 and 6 of the normal density.
double curvature(const Distances& d, double n, double h) {
    const auto fourth = [](double s) { return std::exp(-0.5 * s) * (s * s - 6 * s + 3); };
    return d.sum(n, h, fourth) / (n * (n - 1) * std::pow(h, 5) * root_two_pi);
}
double slope_of_curvature(const Distances& d, double n, double h) {
    const auto sixth = [](double s) { return std::exp(-0.5 * s) * (s * s * s - 15 * s * s + 45 * s - 15); };
    return d.sum(n, h, sixth) / (n * (n - 1) * std::pow(h, 7) * root_two_pi);
}

}  // namespace

double silverman_bandwidth(std::span<const double> points) {
    return 0.9 * robust_spread(points, "silverman_bandwidth") * std::pow(static_cast<double>(points.size()), -0.2);
}

/// h = (R(K) / (n S(alpha(h))))^(1/5) with R(K) = 1 / (2 sqrt(pi)), S the curvature, alpha(h) = 1.357 (S(a) /
/// -T(b))^(1/7) h^(5/7).
double sheather_jones_bandwidth(std::span<const double> points) {
    const double spread = robust_spread(points, "sheather_jones_bandwidth"), n = static_cast<double>(points.size());
    const Distances distances(points);
    const double a = 1.24 * spread * std::pow(n, -1.0 / 7), b = 1.23 * spread * std::pow(n, -1.0 / 9);
    const double ratio = curvature(distances, n, a) / -slope_of_curvature(distances, n, b);
    const double fallback = silverman_bandwidth(points);
    if (!(ratio > 0)) return fallback;
    const auto excess = [&](double h) {
        const double s = curvature(distances, n, 1.357 * std::pow(ratio, 1.0 / 7) * std::pow(h, 5.0 / 7));
        return s > 0 ? std::pow(0.28209479177387814 / (n * s), 0.2) - h : h;
    };
    double low = 0.01 * fallback, high = 3 * fallback;
    if (!(excess(low) > 0 && excess(high) < 0)) return fallback;   // points on a coarse grid, or hardly any
    for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (excess(middle) > 0 ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

}  // namespace buffon

#include <buffon/vmfn_fit.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <buffon/elementary.hpp>
#include <buffon/logspace.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

constexpr double longest = 0.95;    // of a mean direction: beyond it the concentration is anyone's guess

constexpr std::int64_t most_components = 6;
constexpr std::int64_t restarts = 2;
constexpr int most_steps = 100;
constexpr double settled = 1e-5;       // of the log likelihood
constexpr double negligible = 1e-8;    // weight beside the largest

struct Sums {
    double weight = 0, square = 0, fourth = 0;   // of p, p r^2, p r^4
    std::vector<double> direction;               // of p a
};

Sums sums_of(ConstView z, std::span<const double> weights) {
    Sums sums;
    sums.direction.resize(static_cast<std::size_t>(z.cols));
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double p = weights[static_cast<std::size_t>(i)];
        if (!(p > 0)) continue;
        const double* row = z.row(i).data();
        const Radius r(row, z.cols);
        const double share = p / std::sqrt(r.square);
        sums.weight += p;
        sums.square += p * r.square;
        sums.fourth += p * r.square * r.square;
        for (std::size_t j = 0; j < sums.direction.size(); ++j) sums.direction[j] += share * row[j];
    }
    return sums;
}

/// What the length of a mean direction of `effective` points is expected to be along it for new points.
double length_for_new(double length, double effective) {
    const double square = length * length;
    return std::max(0.0, (square - 1 / effective) / (1 - 1 / effective)) / length;
}

/// The rows that carry weight, and it.
struct Carriers {
    Matrix z;
    std::vector<double> weights;
    double total;

    Carriers(ConstView all, std::span<const double> p) {
        const double least = negligible * *std::ranges::max_element(p);
        for (std::int64_t i = 0; i < all.rows; ++i) {
            const double weight = p[static_cast<std::size_t>(i)];
            if (!(weight > least)) continue;
            z.data.insert(z.data.end(), all.row(i).begin(), all.row(i).end());
            weights.push_back(weight);
        }
        z.rows = static_cast<std::int64_t>(weights.size());
        z.cols = all.cols;
        total = std::accumulate(weights.begin(), weights.end(), 0.0);
    }
    double cosine(std::int64_t i, std::int64_t k) const {
        const double *a = z.view().row(i).data(), *b = z.view().row(k).data();
        return dot(a, b, z.cols) / std::sqrt(std::max(dot(a, a, z.cols) * dot(b, b, z.cols), 1e-300));
    }
};

/// A row by weight, for a uniform number v.
std::int64_t pick(const std::vector<double>& mass, double v) {
    double left = v * std::accumulate(mass.begin(), mass.end(), 0.0);
    std::size_t i = 0;
    while (i + 1 < mass.size() && (left -= mass[i]) >= 0) ++i;
    return static_cast<std::int64_t>(i);
}

/// Shares (K, n) of the rows by the nearest of K directions: k-means++, the distance being 1 - cosine.
Matrix nearest_of(const Carriers& points, std::int64_t components, const Stream& stream, std::int64_t restart) {
    std::vector<double> mass = points.weights, nearest(mass.size(), std::numeric_limits<double>::infinity());
    std::vector<std::int64_t> owner(mass.size());
    for (std::int64_t k = 0; k < components; ++k) {
        const std::int64_t centre = pick(mass, stream.uniform(restart, k));
        for (std::size_t i = 0; i < mass.size(); ++i) {
            const double distance = 1 - points.cosine(static_cast<std::int64_t>(i), centre);
            if (distance < nearest[i]) {
                nearest[i] = distance;
                owner[i] = k;
            }
            mass[i] = points.weights[i] * std::max(nearest[i], 0.0);
        }
    }
    Matrix shares(components, points.z.rows);
    for (std::int64_t i = 0; i < points.z.rows; ++i)
        shares(owner[static_cast<std::size_t>(i)], i) = points.weights[static_cast<std::size_t>(i)];
    return shares;
}

std::vector<FittedVmfn> fit_shares(const Carriers& points, const Matrix& shares) {
    std::vector<FittedVmfn> mixture;
    for (std::int64_t k = 0; k < shares.rows; ++k) {
        const auto own = shares.view().row(k);
        const double mass = std::accumulate(own.begin(), own.end(), 0.0);
        if (!(mass > 0)) continue;
        if (auto law = fit_vmfn(points.z, own)) mixture.push_back({mass / points.total, std::move(*law)});
    }
    return mixture;
}

/// Mean log likelihood of the weights; shares (K, n) become the responsibilities inside them.
double expect(const Carriers& points, const std::vector<FittedVmfn>& mixture, Matrix& shares) {
    std::vector<VonMisesFisherNakagami> laws;
    for (const auto& component : mixture) laws.push_back(component.law);
    Matrix log_density(points.z.rows, static_cast<std::int64_t>(mixture.size()));
    VonMisesFisherNakagamis(std::move(laws)).log_density(points.z, log_density);
    shares = Matrix(log_density.cols, log_density.rows);
    double likelihood = 0;
    for (std::int64_t i = 0; i < shares.cols; ++i) {
        const auto row = log_density.view().row(i);
        for (std::size_t k = 0; k < mixture.size(); ++k) row[k] += elementary::log(mixture[k].share);
        const double norm = log_sum_exp(row), weight = points.weights[static_cast<std::size_t>(i)];
        likelihood += weight / points.total * norm;
        for (std::int64_t k = 0; k < shares.rows; ++k)
            shares(k, i) = weight * elementary::exp(row[static_cast<std::size_t>(k)] - norm);
    }
    return likelihood;
}

struct Fit {
    std::vector<FittedVmfn> mixture;
    double log_likelihood = -std::numeric_limits<double>::infinity();
};

Fit fit_components(const Carriers& points, std::int64_t components, const Stream& stream) {
    Fit best;
    for (std::int64_t restart = 0; restart < (components > 1 ? restarts : 1); ++restart) {
        Matrix shares = nearest_of(points, components, stream, restart);
        Fit fit;
        for (int step = 0; step < most_steps; ++step) {
            auto mixture = fit_shares(points, shares);
            if (mixture.empty()) break;
            const double before = std::exchange(fit.log_likelihood, expect(points, mixture, shares));
            fit.mixture = std::move(mixture);
            if (components == 1 || std::abs(fit.log_likelihood - before) < settled * std::abs(before)) break;
        }
        if (!fit.mixture.empty() && (best.mixture.empty() || fit.log_likelihood > best.log_likelihood)) best = std::move(fit);
    }
    return best;
}

/// -2 e L + parameters x log e with e effective points.
double criterion(const Fit& fit, double effective, std::int64_t dim) {
    const double parameters = static_cast<double>(fit.mixture.size()) * static_cast<double>(dim + 3) - 1;
    return -2 * effective * fit.log_likelihood + parameters * elementary::log(effective);
}

}  // namespace

std::optional<VonMisesFisherNakagami> fit_vmfn(ConstView z, std::span<const double> weights) {
    const double effective = effective_size(weights);
    if (!(effective >= 3)) return std::nullopt;
    Sums sums = sums_of(z, weights);
    const double spread = sums.square / sums.weight;
    const double variance = (sums.fourth / sums.weight - spread * spread) * effective / (effective - 1);
    // Beyond its boundary an event falls off like the standard normal law, exp(-r^2 / 2). A radius that falls off faster would
    // miss mass without a sign of it, however narrow the points' own shell is.
    const double sharpest = 0.5 * spread;
    const double shape = variance * sharpest > spread * spread ? spread * spread / variance : sharpest;
    const double length = std::sqrt(dot(sums.direction.data(), sums.direction.data(), z.cols)) / sums.weight;
    if (!std::isfinite(shape) || !(spread > 0)) return std::nullopt;
    if (!(length > 0)) {   // no direction: any will do
        sums.direction.front() = 1;
        return VonMisesFisherNakagami(std::move(sums.direction), 0.0, shape, spread);
    }
    const double chi = std::min(length_for_new(length, effective), longest);
    const double concentration = chi * (static_cast<double>(z.cols) - chi * chi) / (1 - chi * chi);
    return VonMisesFisherNakagami(std::move(sums.direction), concentration, shape, spread);
}

std::vector<FittedVmfn> fit_vmfn_mixture(ConstView z, std::span<const double> weights, std::int64_t components,
                                         const Stream& stream) {
    const double effective = effective_size(weights);
    if (!(effective >= 3)) return {};
    const Carriers points(z, weights);
    if (components > 0) return fit_components(points, components, stream).mixture;
    Fit best = fit_components(points, 1, stream);
    for (std::int64_t k = 2; k <= most_components && !best.mixture.empty(); ++k) {
        Fit next = fit_components(points, k, stream);
        if (next.mixture.empty() || !(criterion(next, effective, z.cols) < criterion(best, effective, z.cols))) break;
        best = std::move(next);
    }
    return best.mixture;
}

}  // namespace buffon

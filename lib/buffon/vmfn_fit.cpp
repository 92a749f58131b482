#include <buffon/vmfn_fit.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <buffon/logspace.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

constexpr double longest = 0.95;    // of a mean direction: beyond it the concentration is anyone's guess
constexpr double sharpest = 1e6;    // shape of a radius that is the same at all points

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

}  // namespace

std::optional<VonMisesFisherNakagami> fit_vmfn(ConstView z, std::span<const double> weights) {
    const double effective = effective_size(weights);
    if (!(effective >= 3)) return std::nullopt;
    Sums sums = sums_of(z, weights);
    const double spread = sums.square / sums.weight;
    const double variance = (sums.fourth / sums.weight - spread * spread) * effective / (effective - 1);
    const double shape = variance > spread * spread / sharpest ? spread * spread / variance : sharpest;
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

}  // namespace buffon

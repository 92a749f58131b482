#include <buffon/testing.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon::testing {
namespace {

constexpr std::int64_t bumps_dim = 8;
constexpr std::array<double, 3> bump_centres{0.23, 0.39, 0.74};
constexpr double steepness = 100;

/// Integrals of exp(-steepness (x - c)^2) and of x times it over (0, 1).
std::array<double, 2> bump_integrals(double c) {
    const double root = std::sqrt(steepness);
    const double mass = std::sqrt(std::numbers::pi) / (2 * root) * (std::erf(root * c) + std::erf(root * (1 - c)));
    const double first = c * mass + (std::exp(-steepness * c * c) - std::exp(-steepness * (1 - c) * (1 - c))) / (2 * steepness);
    return {mass, first};
}

}  // namespace

KnownProblem two_sided_exceedance(std::int64_t dim, std::vector<double> betas) {
    require(dim >= 1, "two_sided_exceedance: dim must be at least 1, got ", dim);
    const double scale = 1 / std::sqrt(static_cast<double>(dim));
    const auto model = [scale](std::span<const double> x) { return std::abs(scale * std::accumulate(x.begin(), x.end(), 0.0)); };
    std::vector<double> exact;
    for (const double beta : betas) {
        require(beta > 0, "two_sided_exceedance: betas must be positive, got ", beta);
        exact.push_back(2 * normal_cdf(-beta));
    }
    return {"two_sided_exceedance_" + std::to_string(dim), exceedance(Problem(model, standard_normal(dim)), betas), exact,
            std::vector<double>(exact.size()), {}, "two half-spaces at distance beta: twice the normal cdf at -beta", {}, {}};
}

KnownProblem unequal_exceedance(std::int64_t dim, double near, double far) {
    require(dim >= 2, "unequal_exceedance: dim must be at least 2, got ", dim);
    const auto model = [near, far](std::span<const double> x) { return std::max(x[0] - near, -x[1] - far); };
    const double p = normal_cdf(-near), q = normal_cdf(-far);
    return {"unequal_exceedance_" + std::to_string(dim),
            exceedance(Problem(model, standard_normal(dim)), {0.0}),
            {p + q - p * q},
            {0.0},
            {},
            "union of two independent half-spaces",
            {},
            {}};
}

KnownProblem three_bumps() {
    const auto model = [](std::span<const double> x) {
        std::array<double, bumps_dim> y{};
        for (const double c : bump_centres) {
            double square = 0;
            for (const double v : x) square += (v - c) * (v - c);
            y[0] += std::exp(-steepness * square);
        }
        for (std::size_t k = 1; k < y.size(); ++k) y[k] = y[0] * x[k - 1];
        return y;
    };
    std::vector<double> exact(bumps_dim);
    std::vector<std::string> names{"f"};
    for (const double c : bump_centres) {
        const auto [mass, first] = bump_integrals(c);
        exact[0] += std::pow(mass, bumps_dim);
        for (std::size_t k = 1; k < exact.size(); ++k) exact[k] += std::pow(mass, bumps_dim - 1) * first;
    }
    for (std::size_t k = 1; k < exact.size(); ++k) names.push_back("f*x" + std::to_string(k));
    return {"three_bumps",
            Problem(model, independent(bumps_dim, Uniform(0, 1)), names),
            exact,
            std::vector<double>(exact.size()),
            {},
            "Lepage, J. Comput. Phys. 439 (2021), sums of narrow Gaussians on a diagonal; products of error functions",
            {},
            {}};
}

}  // namespace buffon::testing

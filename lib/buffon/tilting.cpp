#include <buffon/tilting.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/laws/score_nodes.hpp>

namespace buffon {
namespace {

constexpr double seen = 8.2;         // scores that a double's quantile reaches
constexpr double unseen_mass = 1e-6;

/// The law on quadrature nodes, standardised.
struct Nodes {
    std::vector<double> u, weight, z;
    double centre, scale;
};

Nodes standardised(const Univariate& law) {
    const auto [mean, variance] = std::visit([](const auto& l) { return std::pair(l.mean(), l.variance()); }, law);
    require(std::isfinite(mean) && std::isfinite(variance), "tilt: the law must have a variance");
    Nodes nodes{{}, {}, {}, mean, std::sqrt(variance)};
    const ScoreNodes scores = score_nodes(score_breaks(law));
    for (std::size_t i = 0; i < scores.z.size(); ++i) {
        const double x = std::visit([&](const auto& l) { return l.from_normal(scores.z[i]); }, law);
        if (!std::isfinite(x) || !(scores.weight[i] > 0)) continue;
        nodes.u.push_back((x - mean) / nodes.scale);
        nodes.weight.push_back(scores.weight[i]);
        nodes.z.push_back(scores.z[i]);
    }
    return nodes;
}

/// Under the tilt (a, b): log of the norm, the first four moments of u, and the mass at scores beyond `seen`.
struct Moments4 {
    double log_norm, m1, m2, m3, m4, unseen;
};

Moments4 moments(const Nodes& nodes, double a, double b) {
    double top = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < nodes.u.size(); ++i)
        top = std::max(top, (a + b * nodes.u[i]) * nodes.u[i] + elementary::log(nodes.weight[i]));
    double sum[6] = {};
    for (std::size_t i = 0; i < nodes.u.size(); ++i) {
        const double u = nodes.u[i], p = elementary::exp((a + b * u) * u - top) * nodes.weight[i];
        const double terms[6] = {p, p * u, p * u * u, p * u * u * u, p * u * u * u * u, std::abs(nodes.z[i]) > seen ? p : 0.0};
        for (int k = 0; k < 6; ++k) sum[k] += terms[k];
    }
    return {top + elementary::log(sum[0]), sum[1] / sum[0], sum[2] / sum[0], sum[3] / sum[0], sum[4] / sum[0], sum[5] / sum[0]};
}

/// Minimises the convex log norm - a m1 - b m2 by Newton's method with halved steps; b stays 0 unless `square`.
Tilt solve(const Nodes& nodes, double m1, double m2, bool square) {
    const auto dual = [&](double a, double b, const Moments4& m) { return m.log_norm - a * m1 - b * m2; };
    double a = 0, b = 0;
    Moments4 now = moments(nodes, a, b);
    for (int step = 0; step < 200; ++step) {
        const double g1 = now.m1 - m1, g2 = square ? now.m2 - m2 : 0.0;
        if (std::abs(g1) < 1e-12 * (1 + std::abs(m1)) && std::abs(g2) < 1e-12 * (1 + std::abs(m2))) break;
        const double h11 = std::max(now.m2 - now.m1 * now.m1, 1e-300), h12 = now.m3 - now.m1 * now.m2,
                     h22 = now.m4 - now.m2 * now.m2;
        const double det = h11 * h22 - h12 * h12;
        double da = -g1 / h11, db = 0;
        if (square && det > 1e-14 * h11 * h22) {
            da = -(h22 * g1 - h12 * g2) / det;
            db = -(h11 * g2 - h12 * g1) / det;
        }
        const double before = dual(a, b, now), slope = g1 * da + g2 * db;
        double share = 1;
        Moments4 next = moments(nodes, a + da, b + db);
        while (
            !(dual(a + share * da, b + share * db, next) <= before + 1e-4 * share * slope + 1e-15 * std::abs(before)) &&
            share > 1e-12) {
            share /= 2;
            next = moments(nodes, a + share * da, b + share * db);
        }
        if (share <= 1e-12) break;   // rounding is all that is left
        a += share * da;
        b += share * db;
        now = next;
    }
    const bool there = std::abs(now.m1 - m1) < 1e-8 * (1 + std::abs(m1)) &&
                       (!square || std::abs(now.m2 - m2) < 1e-8 * (1 + std::abs(m2)));
    require(there && now.unseen < unseen_mass, "tilt: ", square ? "variance " : "mean ",
            square ? m2 * nodes.scale * nodes.scale : nodes.centre + m1 * nodes.scale,
            " is too far for the law's tails, or they are too heavy: space = 'normal' shifts its normal scores instead");
    return {a, b, now.log_norm, nodes.centre, nodes.scale};
}

}  // namespace

Tilt tilt_mean(const Univariate& law, double mean) {
    const Nodes nodes = standardised(law);
    const Support support = std::visit([](const auto& l) { return l.support(); }, law);
    require(mean > support.lower && mean < support.upper, "tilt: mean must lie inside the support of the law, (",
            support.lower, ", ", support.upper, "), got ", mean);
    return solve(nodes, (mean - nodes.centre) / nodes.scale, 0, false);
}

Tilt tilt_variance(const Univariate& law, double variance) {
    require(variance > 0 && std::isfinite(variance), "tilt: variance must be positive and finite, got ", variance);
    const Nodes nodes = standardised(law);
    return solve(nodes, 0, variance / (nodes.scale * nodes.scale), true);
}

}  // namespace buffon

#include <buffon/half_space.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <buffon/elementary.hpp>
#include <buffon/linalg.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fine = 400, coarse = 64;   // nodes: to tell a variance, to compare two
constexpr double reach = 12;       // standard deviations of u that the integral covers; further out phi^2 / q is nothing
constexpr double first_step = 0.2, last_step = 0.005;

double log_normal(double u, double mean, double sd) {
    const double z = (u - mean) / sd;
    return -0.5 * z * z - elementary::log(sd) - half_log_two_pi;
}

/// What the integral over the half-space has at its nodes whatever the law: phi^2 / q falls as fast as phi at least, so
/// that nodes
/// are dense where the tail begins.
class Tail {
public:
    Tail(double beta, std::int64_t nodes) {
        const double log_p = normal_log_cdf(-beta), length = std::min(reach, 40 / std::max(beta, 1.0));
        for (std::int64_t i = 0; i < nodes; ++i) {
            const double t = (static_cast<double>(i) + 0.5) / static_cast<double>(nodes), u = beta + length * t * t;
            const double log_f = log_normal(u, 0, 1) - log_p;
            nodes_.push_back({u, log_f, elementary::exp(log_normal(u, beta, 1) - log_f),
                              elementary::exp(log_f) * 2 * length * t / static_cast<double>(nodes)});
        }
    }

    double relative_variance(const TailLaw& law) const {
        const double log_norm = log_normal(law.mean, law.mean, law.sd), half = -0.5 / (law.sd * law.sd);
        double sum = 0;
        for (const Node& at : nodes_) {
            const double off = at.u - law.mean;
            sum += at.weight / (0.5 * (elementary::exp(log_norm + half * off * off - at.log_f) + at.wide));
        }
        return sum - 1;
    }

private:
    struct Node {
        double u, log_f, wide, weight;   // wide: N(beta, 1) relative to f
    };
    std::vector<Node> nodes_;
};

/// I + (sd^2 - 1) alpha alpha', factored.
Matrix narrowed(const std::vector<double>& alpha, double sd) {
    const auto d = static_cast<std::int64_t>(alpha.size());
    Matrix covariance(d, d);
    for (std::int64_t a = 0; a < d; ++a)
        for (std::int64_t b = 0; b < d; ++b)
            covariance(a, b) = (a == b ? 1.0 : 0.0) +
                               (sd * sd - 1) * alpha[static_cast<std::size_t>(a)] * alpha[static_cast<std::size_t>(b)];
    return cholesky(covariance, "half_space", "covariance");
}

}  // namespace

double relative_variance(double beta, const TailLaw& law) { return Tail(beta, fine).relative_variance(law); }

/// Steps along the axes of (mean - beta, sd), halved where none leads down.
TailLaw tail_law(double beta) {
    const Tail tail(beta, coarse);
    TailLaw best{beta + 0.15, 0.6};
    double least = tail.relative_variance(best);
    for (double step = first_step; step > last_step;) {
        const TailLaw around = best;
        for (const auto& [a, b] : std::array<std::array<double, 2>, 4>{{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}}) {
            const TailLaw next{around.mean + a * step, around.sd * (1 + b * step)};
            if (const double v = tail.relative_variance(next); v < least) {
                least = v;
                best = next;
            }
        }
        if (best.mean == around.mean && best.sd == around.sd) step *= 0.5;
    }
    return best;
}

std::vector<Gaussian> about_design_point(const std::vector<double>& u) {
    const auto d = static_cast<std::int64_t>(u.size());
    const double beta = std::sqrt(sum_of_squares(u.data(), d));
    Gaussian wide{u, Matrix(d, d)};
    for (std::int64_t j = 0; j < d; ++j) wide.factor(j, j) = 1;
    if (!(beta > 0)) return {wide};
    std::vector<double> alpha = u;
    for (double& a : alpha) a /= beta;
    const TailLaw law = tail_law(beta);
    Gaussian narrow{alpha, narrowed(alpha, law.sd)};
    for (double& m : narrow.mean) m *= law.mean;
    return {narrow, wide};
}

}  // namespace buffon

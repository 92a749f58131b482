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

constexpr std::int64_t nodes = 400;
constexpr double reach = 12;       // standard deviations of u that the integral covers; further out phi^2 / q is nothing
constexpr double first_step = 0.2, last_step = 0.005;

double log_normal(double u, double mean, double sd) {
    const double z = (u - mean) / sd;
    return -0.5 * z * z - elementary::log(sd) - half_log_two_pi;
}

/// I + (sd^2 - 1) alpha alpha', factored.
Matrix narrowed(const std::vector<double>& alpha, double sd) {
    const auto d = static_cast<std::int64_t>(alpha.size());
    Matrix covariance(d, d);
    for (std::int64_t a = 0; a < d; ++a)
        for (std::int64_t b = 0; b < d; ++b)
            covariance(a, b) = (a == b ? 1.0 : 0.0) + (sd * sd - 1) * alpha[static_cast<std::size_t>(a)] * alpha[static_cast<std::size_t>(b)];
    return cholesky(covariance, "half_space", "covariance");
}

}  // namespace

double relative_variance(double beta, const TailLaw& law) {
    const double log_p = normal_log_cdf(-beta);
    // phi^2 / q falls as fast as phi at least: nodes are dense where the tail begins
    const double length = std::min(reach, 40 / std::max(beta, 1.0));
    double sum = 0;
    for (std::int64_t i = 0; i < nodes; ++i) {
        const double t = (static_cast<double>(i) + 0.5) / static_cast<double>(nodes), u = beta + length * t * t;
        const double log_f = log_normal(u, 0, 1) - log_p;
        const double q = 0.5 * (elementary::exp(log_normal(u, law.mean, law.sd) - log_f) + elementary::exp(log_normal(u, beta, 1) - log_f));
        sum += elementary::exp(log_f) / q * 2 * length * t / static_cast<double>(nodes);
    }
    return sum - 1;
}

/// Steps along the axes of (mean - beta, sd), halved where none leads down.
TailLaw tail_law(double beta) {
    TailLaw best{beta + 0.15, 0.6};
    double least = relative_variance(beta, best);
    for (double step = first_step; step > last_step;) {
        const TailLaw around = best;
        for (const auto& [a, b] : std::array<std::array<double, 2>, 4>{{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}}) {
            const TailLaw next{around.mean + a * step, around.sd * (1 + b * step)};
            if (const double v = relative_variance(beta, next); v < least) {
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

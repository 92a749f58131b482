#include <buffon/testing_reliability.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/joint.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon::testing {
namespace {

// Of the trapezoidal rule under a normal density: its error falls faster than any power of the step.
constexpr double end = 8.5, step = 0.2;
constexpr int nodes = 85;   // 2 end / step

double node(int k) { return -end + step * (k + 0.5); }
double weight(int k) { return step * std::exp(-0.5 * node(k) * node(k) - half_log_two_pi); }

/// Largest displacement for a force of 1: 2 / (m w^2) |sin(w t / 2)|. Mass and stiffness are at least a thousandth: the formula
/// knows no others, and their normal laws reach there eleven standard deviations away.
double displacement(double m, double stiffness, double t) {
    const double mass = std::max(m, 1e-3), spring = std::max(stiffness, 1e-3);
    return 2 / spring * std::abs(std::sin(0.5 * t * std::sqrt(spring / mass)));
}

/// Given m, c1 + c2 and t the event 3 r < |F| A is two half-planes of (r, F) whose overlap, r < 0, is nothing.
double failure(double force, double force_sd) {
    double sum = 0;
    for (int a = 0; a < nodes; ++a)
        for (int b = 0; b < nodes; ++b)
            for (int c = 0; c < nodes; ++c) {
                const double unit = displacement(1 + 0.05 * node(a), 1.1 + std::sqrt(0.0101) * node(b), 1 + 0.2 * node(c));
                const double sd = std::hypot(0.15, unit * force_sd);
                sum += weight(a) * weight(b) * weight(c) *
                       (normal_cdf((unit * force - 1.5) / sd) + normal_cdf((-unit * force - 1.5) / sd));
            }
    return sum;
}

/// Of components that are independent given the common input z.
double system_failure(const std::vector<double>& betas, double correlation, bool parallel) {
    const auto given = [&](double z) {
        double all = 1, none = 0;   // product of the probabilities, log of that of their opposites
        for (const double beta : betas) {
            const double q = normal_cdf((std::sqrt(correlation) * z - beta) / std::sqrt(1 - correlation));
            all *= q;
            none += std::log1p(-q);
        }
        return parallel ? all : -std::expm1(none);
    };
    double sum = 0;
    for (int k = 0; k < nodes; ++k) sum += weight(k) * given(node(k));
    return correlation > 0 ? sum : given(0);
}

}  // namespace

KnownProblem parabolic(std::int64_t dim, double b, double kappa, double e) {
    require(dim >= 2, "parabolic: dim must be at least 2, got ", dim);
    const double scale = 1 / std::sqrt(static_cast<double>(dim));
    const auto model = [=](std::span<const double> x) {
        double v = 0;
        for (const double xi : x) v += xi;
        const double u = (x[0] - x[1]) / std::sqrt(2.0) - e;
        return v * scale + kappa * u * u - b;
    };
    double exact = 0;
    for (int k = 0; k < nodes; ++k) exact += weight(k) * normal_cdf(kappa * (node(k) - e) * (node(k) - e) - b);
    return {"parabolic_" + std::to_string(dim), exceedance(Problem(model, standard_normal(dim)), {0.0}), {exact}, {0.0}, {},
            "Der Kiureghian, Dakessian, Struct. Saf. 20 (1998); one-dimensional quadrature", {}, {}};
}

KnownProblem oscillator(double force, double force_sd) {
    require(force_sd > 0, "oscillator: force_sd must be positive, got ", force_sd);
    const auto model = [](std::span<const double> x) {
        return std::abs(x[4]) * displacement(x[0], x[1] + x[2], x[5]) - 3 * x[3];
    };
    const std::vector<std::string> names{"m", "c1", "c2", "r", "F", "t"};
    const Joint law({Normal(1, 0.05), Normal(1, 0.1), Normal(0.1, 0.01), Normal(0.5, 0.05), Normal(force, force_sd),
                     Normal(1, 0.2)},
                    names);
    return {"oscillator", exceedance(Problem(model, law), {0.0}), {failure(force, force_sd)}, {0.0}, {},
            "Echard, Gayton, Lemaire, Relun, Reliab. Eng. Syst. Saf. 111 (2013); three-dimensional quadrature", {}, {}};
}

KnownProblem component_system(std::int64_t dim, std::vector<double> betas, double correlation, bool parallel) {
    const auto count = static_cast<std::int64_t>(betas.size()), first = static_cast<std::int64_t>(correlation > 0);
    require(count >= 1, "component_system: betas must have at least one entry");
    require(correlation >= 0 && correlation < 1, "component_system: correlation must lie in [0, 1), got ", correlation);
    require(dim >= count + first, "component_system: dim must be at least ", count + first, ", got ", dim);
    const double common = std::sqrt(correlation), own = std::sqrt(1 - correlation);
    const double exact = system_failure(betas, correlation, parallel);
    const auto model = [=](std::span<const double> x) {
        const double shift = first > 0 ? common * x[0] : 0.0;
        double out = parallel ? std::numeric_limits<double>::max() : std::numeric_limits<double>::lowest();
        for (std::size_t i = 0; i < betas.size(); ++i) {
            const double s = shift + own * x[i + static_cast<std::size_t>(first)] - betas[i];
            out = parallel ? std::min(out, s) : std::max(out, s);
        }
        return out;
    };
    return {std::string(parallel ? "parallel" : "series") + "_system_" + std::to_string(dim),
            exceedance(Problem(model, standard_normal(dim)), {0.0}),
            {exact},
            {0.0},
            {},
            "Dunnett, Sobel, Biometrika 42 (1955): equally correlated normal components, by one-dimensional quadrature",
            {},
            {}};
}

}  // namespace buffon::testing

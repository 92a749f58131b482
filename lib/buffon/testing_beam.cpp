#include <buffon/testing.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

#include <buffon/check.hpp>
#include <buffon/stream.hpp>
#include <buffon/testing_formulas.hpp>
#include <buffon/testing_on_device.hpp>

/// The cantilever of Wu et al. (2001): tip displacement 4 L^3 / (E w t) sqrt((F_X / w^2)^2 + (F_Y / t^2)^2).
/// With a normal w the expectation exists only for w away from 0; references cut at w > 0.1 E w, 9 standard deviations below
/// the mean, and mean there what any sample of fewer than 1e18 points sees.
namespace buffon::testing {

namespace {

const char* const beam_source =
    "Wu, Shin, Sues, Cesare, AIAA-2001-1522; laws of Demange-Chryst, Bachoc, Morio, arXiv:2212.00568; quadrature";

const std::array<std::string, 6> input_names{"F_X", "F_Y", "E", "w", "t", "L"};
const double cv_force = 0.08, cv_modulus = 0.06, cv_length = 0.1;

double displacement(const double* x) { return Cantilever{}(x); }

/// Laws of F_X, F_Y, E, w, t, L with these means.
std::vector<Univariate> beam_laws(std::span<const double> mean) {
    const auto length = [](double m) { return Normal(m, cv_length * m); };
    return {LogNormal::from_moments(mean[0], cv_force), LogNormal::from_moments(mean[1], cv_force),
            LogNormal::from_moments(mean[2], cv_modulus), length(mean[3]), length(mean[4]), length(mean[5])};
}

std::vector<Univariate> nominal_laws() { return beam_laws(std::array{556.8, 453.6, 200.0, 0.062, 0.0987, 4.29}); }

// E Y Y_i for F_X ... L, E Y and E Y^2: trapezoidal rule in normal scores of F_X, F_Y, w, t; E and L are moments in closed form.
// Steps 0.5, 0.6, 0.7 agree in all digits given.
const std::vector<double> nominal_moments{.00193335989432, .00192351729813, .00193031636383, .00210456069364,
                                          .00195426269550, .00209311442215, .0438564949817,  .00234660844851};
const std::vector<double> nominal_first{.02355235921, .0002957023501, .01636092893, .4280755327, .07294270963, .4010296189};
const std::vector<double> nominal_total{.02906707809, .0004252636700, .01988932735, .4751826071, .08445420555, .4495977295};

/// Nodes and weights of the trapezoidal rule for the standard normal law: its error is exp(-2 (pi / step)^2) for smooth
/// functions.
struct NormalRule {
    NormalRule() {
        const double step = 0.7;
        for (int k = -12; k <= 12; ++k) {
            node.push_back(step * k);
            weight.push_back(step * std::exp(-0.5 * step * step * k * k) / std::sqrt(2 * std::numbers::pi));
        }
    }
    std::vector<double> node, weight;
};

/// L given normal scores of w and t: regression coefficients and the variance that stays.
struct LengthGiven {
    explicit LengthGiven(const CantileverLaw& p) {
        const double free = 1 - p[6] * p[6];
        of_w = (p[7] - p[6] * p[8]) / free;
        of_t = (p[8] - p[6] * p[7]) / free;
        variance = 1 - of_w * p[7] - of_t * p[8];
    }
    /// E L^3 in units of (E L)^3.
    double cube(double z_w, double z_t) const {
        const double m = 1 + cv_length * (of_w * z_w + of_t * z_t);
        return m * (m * m + 3 * cv_length * cv_length * variance);
    }
    double of_w, of_t, variance;
};

/// Mean displacement. With F = m exp(s z) the root is exp(s (z_X + z_Y) / 2) times a function of z_X - z_Y, which is
/// independent of the sum; so three dimensions stay: that difference, w and t.
double mean_displacement(const CantileverLaw& p) {
    static const NormalRule rule;
    const double square = std::log1p(cv_force * cv_force), median = std::exp(-0.5 * square);
    const LengthGiven length(p);
    const double left = std::sqrt(1 - p[6] * p[6]);
    std::vector<double> tilt;   // of (F_X / F_Y) / (median ratio)
    for (const double z : rule.node) tilt.push_back(std::exp(std::sqrt(2 * square) * z));
    double sum = 0.0;
    for (std::size_t i = 0; i < rule.node.size(); ++i) {
        const double w = p[3] * (1 + cv_length * rule.node[i]), x = p[0] / (w * w);
        for (std::size_t j = 0; j < rule.node.size(); ++j) {
            const double z_t = p[6] * rule.node[i] + left * rule.node[j];
            const double t = p[4] * (1 + cv_length * z_t);
            if (t < 0.05 * p[4]) continue;   // the cut for t: 9.5 standard deviations
            const double y = p[1] / (t * t);
            double root = 0.0;
            for (std::size_t k = 0; k < tilt.size(); ++k) root += rule.weight[k] * std::sqrt(x * x * tilt[k] + y * y / tilt[k]);
            sum += rule.weight[i] * rule.weight[j] * root * length.cube(rule.node[i], z_t) / (w * t);
        }
    }
    const double forces = median * std::exp(0.25 * square);
    const double compliance = (1 + cv_modulus * cv_modulus) / p[2];   // E 1/E
    return 4e-9 * compliance * p[5] * p[5] * p[5] * forces * sum;
}

double correlation_determinant(const CantileverLaw& p) {
    return 1 + 2 * p[6] * p[7] * p[8] - p[6] * p[6] - p[7] * p[7] - p[8] * p[8];
}

Distribution dependent_law(const CantileverLaw& p) {
    Matrix r(6, 6);
    for (int i = 0; i < 6; ++i) r(i, i) = 1;
    r(3, 4) = r(4, 3) = p[6];
    r(3, 5) = r(5, 3) = p[7];
    r(4, 5) = r(5, 4) = p[8];
    return Joint(beam_laws(p), {input_names.begin(), input_names.end()}, GaussianCopula(r));
}

/// Ranks of n uniforms: a random permutation.
std::vector<std::int64_t> permutation(const Stream& stream, std::int64_t n, std::int64_t component) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return std::pair(stream.word(a, component), a) < std::pair(stream.word(b, component), b);
    });
    return order;
}

const CantileverLaw box_lower{525, 425, 175, 0.06, 0.09, 4, -0.6, 0, 0}, box_upper{575, 475, 225, 0.07, 0.1, 5, 0, 0.5, 0.5};

std::vector<CantileverLaw> latin_hypercube(std::int64_t n, const Stream& stream) {
    std::vector<CantileverLaw> rows(static_cast<std::size_t>(n));
    for (std::size_t c = 0; c < box_lower.size(); ++c) {
        const auto order = permutation(stream, n, static_cast<std::int64_t>(2 * c));
        for (std::int64_t i = 0; i < n; ++i) {
            const auto row = static_cast<std::size_t>(i);
            const double cell = static_cast<double>(order[row]) + stream.uniform(i, static_cast<std::int64_t>(2 * c + 1));
            rows[row][c] = box_lower[c] + (box_upper[c] - box_lower[c]) * cell / static_cast<double>(n);
        }
    }
    for (auto& row : rows)
        while (correlation_determinant(row) < 0.01)
            for (std::size_t c = 6; c < 9; ++c) row[c] *= 0.95;
    return rows;
}

}  // namespace

KnownProblem cantilever() {
    const auto model = [](std::span<const double> x) { return displacement(x.data()); };
    const Problem problem(model, Joint(nominal_laws(), {input_names.begin(), input_names.end()}), {"Y"});
    return {"cantilever", problem.with_device(on_device(Cantilever{}, "Cantilever")),
            {nominal_moments[6]}, {0.0}, {}, beam_source, nominal_first, nominal_total};
}

KnownProblem cantilever_sobol() {
    std::vector<Univariate> laws = nominal_laws();
    laws.insert(laws.end(), laws.begin(), laws.begin() + 6);
    std::vector<std::string> names(input_names.begin(), input_names.end()), outputs;
    for (const auto& name : input_names) {
        names.push_back(name + "'");
        outputs.push_back("Y*Y_" + name);
    }
    outputs.insert(outputs.end(), {"Y", "Y^2"});
    const auto model = [](std::span<const double> x) {
        std::array<double, 8> out;
        std::array<double, 6> mixed;
        std::copy(x.begin() + 6, x.end(), mixed.begin());
        const double y = displacement(x.data());
        for (std::size_t i = 0; i < 6; ++i) {
            mixed[i] = x[i];
            out[i] = y * displacement(mixed.data());
            mixed[i] = x[6 + i];
        }
        out[6] = y;
        out[7] = y * y;
        return out;
    };
    return {"cantilever_sobol", Problem(model, Joint(std::move(laws), std::move(names)), std::move(outputs)), nominal_moments,
            std::vector<double>(8), {}, beam_source, {}, {}};
}

KnownProblem cantilever_laws(const std::vector<CantileverLaw>& laws) {
    require(!laws.empty(), "cantilever_laws: laws must hold at least one law, got none");
    std::vector<Distribution> joints;
    std::vector<double> exact;
    for (const auto& law : laws) {
        joints.push_back(dependent_law(law));
        exact.push_back(mean_displacement(law));
    }
    CantileverLaw centre;
    for (std::size_t c = 0; c < centre.size(); ++c) centre[c] = 0.5 * (box_lower[c] + box_upper[c]);
    const auto model = [](std::span<const double> x) { return displacement(x.data()); };
    const Problem problem = Problem(model, dependent_law(centre), {"Y"}).with_device(on_device(Cantilever{}, "Cantilever"));
    return {"cantilever_laws", problem, std::move(exact), std::vector<double>(laws.size()),
            std::move(joints), beam_source, {}, {}};
}

KnownProblem cantilever_laws(std::int64_t count, std::uint64_t key) {
    require(count >= 1 && count <= 100'000, "cantilever_laws: count must be in 1 ... 100000, got ", count);
    return cantilever_laws(latin_hypercube(count, {key, 0}));
}

}  // namespace buffon::testing

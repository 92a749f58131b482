#include <buffon/testing.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include <buffon/normal_functions.hpp>

namespace buffon::testing {

namespace {

using std::numbers::pi;

KnownProblem closed_form(std::string name, Problem problem, std::vector<double> exact, std::string source) {
    std::vector<double> error(exact.size());
    return {std::move(name), std::move(problem), std::move(exact), std::move(error), {}, std::move(source), {}, {}};
}

/// Signed, bounded, oscillating in every direction: an importance density has nowhere to go.
KnownProblem cosines() {
    const std::int64_t d = 10;
    const double c = 0.7;
    const auto model = [](std::span<const double> x) {
        double product = 1.0;
        for (const double v : x) product *= std::cos(0.7 * v);
        return product;
    };
    return closed_form("cosines", Problem(model, standard_normal(d), {"y"}), {std::exp(-0.5 * c * c * d)},
                       "E cos(c x) = exp(-c^2 / 2)");
}

/// An indicator without a score: many hits or few, in more dimensions than a fitted covariance likes.
KnownProblem half_space(std::int64_t dim, double probability) {
    const double scale = 1 / std::sqrt(static_cast<double>(dim)), end = -normal_quantile(probability);
    const auto model = [scale, end](std::span<const double> x) {
        return scale * std::accumulate(x.begin(), x.end(), 0.0) > end ? 1.0 : 0.0;
    };
    return closed_form("half_space_" + std::to_string(dim), Problem(model, standard_normal(dim), {"P"}), {probability},
                       "P(Z > normal quantile of 1 - p) = p");
}

/// Both signs, mean zero and nearly zero: relative weights explode, positive and negative parts cancel.
KnownProblem odd() {
    const auto model = [](std::span<const double> x) {
        const double y = std::sin(2 * x[0]) + x[1] * x[1] * x[1] + x[0] * x[1] * x[2];
        return std::array{y, y + 0.01};
    };
    return closed_form("odd", Problem(model, standard_normal(3), {"odd", "odd + 0.01"}), {0.0, 0.01},
                       "odd functions of a symmetric law");
}

/// Nearly constant on a box: plain sampling has little to lose, Gaussian proposals leave the box.
KnownProblem ripple() {
    const int d = 8;
    const auto model = [](std::span<const double> x) {
        double y = 1.0;
        for (std::size_t i = 0; i < x.size(); ++i) y += 0.02 * std::sin(3.0 * static_cast<double>(i + 1) * x[i]);
        return y;
    };
    double exact = 1.0;
    for (int i = 1; i <= d; ++i) exact += 0.02 * (1 - std::cos(3.0 * i)) / (3.0 * i);
    return closed_form("ripple", Problem(model, independent(d, Uniform(0, 1)), {"y"}), {exact},
                       "one-dimensional integrals of sin");
}

/// Three narrow peaks of unequal mass, far apart: one Gaussian covers the emptiness between, the smallest may be missed.
KnownProblem peaks() {
    static constexpr int d = 4;
    static constexpr double width = 0.25;
    static constexpr std::array<std::array<double, d>, 3> centre{{{2, 0, 0, 0}, {-1, 1.5, 0, 0.5}, {0, -1, -2, 1}}};
    const auto model = [](std::span<const double> x) {
        double y = 0.0;
        for (const auto& c : centre) {
            double square = 0.0;
            for (std::size_t i = 0; i < d; ++i) square += (x[i] - c[i]) * (x[i] - c[i]);
            y += std::exp(-0.5 / (width * width) * square);
        }
        return y;
    };
    const double sum = 1 + width * width;
    double exact = 0.0;
    for (const auto& c : centre) {
        const double square = std::inner_product(c.begin(), c.end(), c.begin(), 0.0);
        exact += std::pow(width * width / sum, 0.5 * d) * std::exp(-0.5 * square / sum);
    }
    return closed_form("peaks", Problem(model, standard_normal(d), {"y"}), {exact}, "convolution of Gaussians");
}

/// P(chi^2_2k > t) = exp(-t / 2) sum_{i < k} (t / 2)^i / i!.
double even_chi_square_tail(int k, double t) {
    double term = std::exp(-0.5 * t), sum = 0.0;
    for (int i = 0; i < k; ++i) {
        sum += term;
        term *= 0.5 * t / (i + 1);
    }
    return sum;
}

/// Rare, with a score, and in every direction at once: no shifted Gaussian fits.
KnownProblem shell() {
    const std::vector<double> thresholds{30, 40};
    const auto model = [](std::span<const double> x) { return std::inner_product(x.begin(), x.end(), x.begin(), 0.0); };
    return closed_form("shell", exceedance(Problem(model, standard_normal(10)), thresholds),
                       {even_chi_square_tail(5, 30), even_chi_square_tail(5, 40)}, "chi-square law with 10 degrees of freedom");
}

/// Log-normal inputs with coefficient of variation 1.3: large values carry the means.
KnownProblem heavy_tail() {
    const std::int64_t d = 6;
    const double strike = 5.0, log_strike = std::log(strike), e = std::numbers::e;
    const auto model = [](std::span<const double> x) {
        const double sum = std::accumulate(x.begin(), x.end(), 0.0);
        return std::array{sum, sum * sum, std::max(x[0] - 5.0, 0.0)};
    };
    const double call = std::exp(0.5) * normal_cdf(1 - log_strike) - strike * normal_cdf(-log_strike);
    return closed_form("heavy_tail", Problem(model, independent(d, LogNormal(0, 1)), {"sum", "sum^2", "max(x1 - 5, 0)"}),
                       {d * std::exp(0.5), d * e * e + d * (d - 1) * e, call}, "log-normal moments; Black, Scholes (1973)");
}

constexpr std::array<double, 5> genz_c{3, 2, 1.5, 2.5, 1}, genz_w{0.3, 0.7, 0.5, 0.2, 0.6};

std::array<double, 6> genz_values(std::span<const double> x) {
    double sum = 0.0, product = 1.0, square = 0.0, distance = 0.0;
    for (std::size_t i = 0; i < 5; ++i) {
        const double c = genz_c[i], from_w = x[i] - genz_w[i];
        sum += c * x[i];
        product *= 1 / (c * c) + from_w * from_w;
        square += c * c * from_w * from_w;
        distance += c * std::abs(from_w);
    }
    const double corner = 1 / (1 + sum), cube = corner * corner * corner;
    return {std::cos(2 * pi * genz_w[0] + sum),     1 / product,
            cube * cube,                            std::exp(-square),
            std::exp(-distance),                    x[0] <= genz_w[0] && x[1] <= genz_w[1] ? std::exp(sum) : 0.0};
}

/// 1 / (5! prod c) sum over subsets S of (-1)^|S| / (1 + sum_S c).
double corner_peak_mean() {
    double sum = 0.0, product = 120.0;
    for (unsigned subset = 0; subset < 32; ++subset) {
        double sign = 1.0, total = 1.0;
        for (unsigned i = 0; i < 5; ++i)
            if (subset >> i & 1u) {
                sign = -sign;
                total += genz_c[i];
            }
        sum += sign / total;
    }
    for (const double c : genz_c) product *= c;
    return sum / product;
}

std::vector<double> genz_means() {
    std::complex<double> wave = std::polar(1.0, 2 * pi * genz_w[0]);
    double peak = 1.0, gauss = 1.0, kink = 1.0, jump = 1.0;
    for (std::size_t i = 0; i < 5; ++i) {
        const double c = genz_c[i], w = genz_w[i], a = c * w, b = c * (1 - w);
        wave *= (std::polar(1.0, c) - 1.0) / std::complex<double>(0, c);
        peak *= c * (std::atan(a) + std::atan(b));
        gauss *= std::sqrt(pi) / (2 * c) * (std::erf(a) + std::erf(b));
        kink *= -(std::expm1(-a) + std::expm1(-b)) / c;
        jump *= std::expm1(i < 2 ? a : c) / c;
    }
    return {wave.real(), peak, corner_peak_mean(), gauss, kink, jump};
}

/// Genz's six families on the unit cube: bounded support, kinks, jumps.
KnownProblem genz() {
    return closed_form("genz", Problem(genz_values, independent(5, Uniform(0, 1)),
                                       {"oscillatory", "product peak", "corner peak", "Gaussian", "continuous", "discontinuous"}),
                       genz_means(), "Genz, Testing multidimensional integration routines, 1984");
}

/// Largest of 20 inputs: flat, not smooth, every input equally important; and a moderately rare event with 20 corners.
KnownProblem maximum() {
    const auto model = [](std::span<const double> x) {
        const double y = *std::max_element(x.begin(), x.end());
        return std::array{y, y > 3 ? 1.0 : 0.0};
    };
    return closed_form("maximum", Problem(model, standard_normal(20), {"max", "P(max > 3)"}),
                       {1.8674750597983205, -std::expm1(20 * std::log1p(-normal_cdf(-3)))},
                       "normal order statistics, integral of x d(Phi(x)^20)");
}

}  // namespace

std::vector<KnownProblem> safety_problems() {
    return {
        cosines(), half_space(20, 0.3), half_space(50, 0.01), odd(), ripple(), peaks(), shell(), heavy_tail(), genz(),
        maximum()};
}

}  // namespace buffon::testing

#include <buffon/squared_interval.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/tools/toms748_solve.hpp>

#include <buffon/check.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

namespace bm = boost::math;
using InDouble = bm::policies::policy<bm::policies::promote_double<false>>;   // long double takes three times as long

constexpr double far = 1e5;      // squared distances in units of s^2 from which |m| is a normal number to all digits that matter
constexpr double fewest = 1e-8;  // degrees of freedom below which there is no bias to speak of
constexpr double most_terms = 1e7;         // a tenth of a second; no interval of a metric comes near
constexpr double small_by_chance = 0.16;   // a standard deviation below, as Cowan et al. recommend

/// z with P(X <= x) = P(Z <= z) of the noncentral law, nearly (Sankaran 1963): a power of X is nearly normal.
double nearly(double nu, double lambda, double x) {
    const double mean = nu + lambda, twice = nu + 2 * lambda;
    const double h = 1 - 2.0 / 3 * mean * (nu + 3 * lambda) / (twice * twice), p = twice / (mean * mean), m = (h - 1) * (1 - 3 * h);
    return (std::pow(x / mean, h) - 1 - h * p * (h - 1 - 0.5 * (2 - h) * m * p)) / (h * std::sqrt(2 * p) * (1 + 0.5 * m * p));
}

/// Of a noncentral chi-square variable of nu degrees of freedom.
struct Law {
    double below;     // P(X <= x)
    double density;   // at x, with two degrees more: what `below` loses for each unit of noncentrality
    double next;      // with four
};

/// Mixtures over Poisson numbers of pairs of degrees, from about the largest term both ways: each follows from its neighbour.
Law law_at(double nu, double lambda, double x) {
    constexpr double tiny = 1e-16;
    const double a = nu / 2, y = x / 2, l = lambda / 2;
    // Where e^-l l^j / j! y^(a + j) e^-y / Gamma(a + j + 1) is largest, but not beyond the likeliest j: of two factors that far from
    // their own largest ones one underflows.
    const double start = std::floor(std::min(l, 2 * l * y / (a + std::sqrt(a * a + 4 * l * y))));
    const double weight = l > 0 ? bm::gamma_p_derivative(start + 1, l, InDouble()) : 1.0;
    const double below = bm::gamma_p(a + start, y, InDouble());
    const double step = bm::gamma_p_derivative(a + start + 1, y, InDouble());   // what `below` loses with two degrees more
    Law sum{0, 0, 0};
    double w = weight, p = below, s = step;
    for (double j = start; j < start + most_terms; ++j) {
        const double of_weight = l / (j + 1), of_step = y / (a + j + 1), both = of_weight * of_step;
        sum.below += w * p;
        sum.density += w * s;
        sum.next += w * s * of_step;
        if (both < 1 && w * p <= tiny * (1 - of_weight) * sum.below && w * s <= tiny * (1 - both) * sum.density) break;
        w *= of_weight;
        p = std::max(0.0, p - s);
        s *= of_step;
    }
    w = weight, p = below, s = step;
    const double per_l = 1 / l, per_y = 1 / y;
    for (double j = start; j > 0; --j) {
        const double of_weight = j * per_l, of_step = (a + j) * per_y, both = of_weight * of_step;
        if (both < 1 && w <= tiny * (1 - of_weight) * sum.below && w * s <= tiny * (1 - both) * sum.density) break;
        w *= of_weight;
        sum.next += w * s;
        s *= of_step;
        p += s;
        sum.below += w * p;
        sum.density += w * s;
    }
    return {sum.below, sum.density / 2, sum.next / 2};
}

/// Where Sankaran's formula has P(X <= x) = probability; 0 where that is nowhere.
double rough_noncentrality(double nu, double x, double probability) {
    const double z = normal_quantile(probability);
    const auto above = [&](double lambda) { return nearly(nu, lambda, x) - z; };
    if (!(above(0.0) > 0)) return 0.0;
    double high = std::max(1.0, x);
    while (above(high) > 0) high *= 2;
    std::uintmax_t most = 100;
    const auto [a, b] = bm::tools::toms748_solve(above, 0.0, high, bm::tools::eps_tolerance<double>(12), most);
    return (a + b) / 2;
}

/// The noncentrality at which a variable of nu degrees of freedom lies below x with this probability, less than `central`, that
/// without any.
double noncentrality(double nu, double x, double central, double probability) {
    if (central <= probability) return 0.0;
    const double tiny = std::max(1e-14 * std::min(probability, 1 - probability), 5e-16 * probability);
    double lambda = rough_noncentrality(nu, x, probability), least = 0.0, most = std::numeric_limits<double>::infinity();
    for (int step = 0; step < 200; ++step) {   // Halley's, one or two as a rule; halves where they lead out
        const Law law = law_at(nu, lambda, x);
        const double error = law.below - probability;
        if (std::abs(error) <= tiny) break;
        (error > 0 ? least : most) = lambda;
        const double newton = error / law.density;
        const double by = newton / std::max(0.5, 1 + newton * (law.next / law.density - 1) / 4);
        const double before = lambda, scale = 2 * nu + 4 * lambda;
        lambda += by;
        if (lambda > least && lambda < most) {
            if (std::abs(by) <= 1e-12 * lambda || 10 * std::abs(by * by * by) <= 1e-11 * scale * lambda) break;   // the next step
        } else {
            lambda = std::isfinite(most) ? (least + most) / 2 : std::max(1.0, 2 * before);
            if (lambda <= least || lambda >= most) break;
        }
    }
    return lambda;
}

/// Intervals at any level of |mu|^2, which was measured as raw.
class Ends {
public:
    Ends(double raw, double bias, double variance) : value_(std::max(0.0, raw - bias)) {
        if (raw == 0 || variance == 0) return;
        s2_ = variance / (4 * raw);
        nu_ = bias / s2_;
        x_ = told_ = raw / s2_;
        normal_ = x_ > far || nu_ < fewest;
        if (normal_) return;
        below_x_ = below_told_ = bm::gamma_p(nu_ / 2, x_ / 2, InDouble());
        // Less than noise alone makes, by chance, does not tell more than what noise makes: the upper end is never that of a
        // smaller one.
        if (below_x_ >= small_by_chance) return;
        told_ = std::max(x_, quantile(bm::chi_squared_distribution<double, InDouble>(nu_), small_by_chance));
        below_told_ = bm::gamma_p(nu_ / 2, told_ / 2, InDouble());
    }

    std::pair<double, double> at(double level) const {
        if (s2_ == 0) return {value_, value_};
        if (normal_) {
            const double z = normal_quantile(0.5 + 0.5 * level);
            const auto end = [&](double by) { return std::pow(std::max(0.0, std::sqrt(value_) + by * std::sqrt(s2_)), 2); };
            return {end(-z), end(z)};
        }
        return {s2_ * noncentrality(nu_, x_, below_x_, 0.5 + 0.5 * level),
                s2_ * noncentrality(nu_, told_, below_told_, 0.5 - 0.5 * level)};
    }

private:
    double value_, s2_ = 0, nu_ = 0, x_ = 0, told_ = 0;   // without noise; see squared_interval.hpp
    double below_x_ = 0, below_told_ = 0;                 // probabilities where mu = 0
    bool normal_ = false;
};

void require_numbers(double raw, double bias, double variance) {
    require(raw >= 0 && bias >= 0 && variance >= 0 && std::isfinite(raw + bias + variance),
            "squared_interval: raw, bias and variance must be finite and at least 0, got ", raw, ", ", bias, ", ",
            variance);
}

void require_level(double level) {
    require(level > 0 && level < 1, "squared_interval: level must lie between 0 and 1, got ", level);
}

}  // namespace

std::pair<double, double> squared_interval(double raw, double bias, double variance, double level) {
    require_numbers(raw, bias, variance);
    require_level(level);
    return Ends(raw, bias, variance).at(level);
}

std::vector<std::pair<double, double>> squared_intervals(double raw, double bias, double variance, double largest, double beside,
                                                         std::span<const double> levels) {
    require(largest >= 0 && beside >= 0 && std::isfinite(largest + beside),
            "squared_interval: largest and beside must be finite and at least 0, got ", largest, ", ", beside);
    require_numbers(raw, bias, variance);
    const double signal = raw > 0 ? std::max(0.0, raw - bias) / raw : 0.0, value = raw - bias;
    const Ends ends(raw, bias, std::max(variance, signal * variance + (1 - signal) * 4 * raw * largest));
    std::vector<std::pair<double, double>> out;
    for (const double level : levels) {
        require_level(level);
        const auto [low, high] = ends.at(level);
        const double other = normal_quantile(0.5 + 0.5 * level) * std::sqrt(beside);
        const auto away = [&](double end) { return std::hypot(end - value, other); };
        out.emplace_back(low > 0 ? std::max(0.0, value - away(low)) : 0.0, std::max(0.0, value + away(high)));
    }
    return out;
}

std::pair<double, double> squared_interval(double raw, double bias, double variance, double largest, double beside, double level) {
    return squared_intervals(raw, bias, variance, largest, beside, std::span(&level, 1)).front();
}

}  // namespace buffon

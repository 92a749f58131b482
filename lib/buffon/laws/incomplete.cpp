#include <buffon/laws/incomplete.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr int most_terms = 1'000'000;
using Policy = boost::math::policies::policy<boost::math::policies::evaluation_error<boost::math::policies::ignore_error>>;

/// b0 + a1 / (b1 + a2 / (b2 + ...)) by Lentz's method as Thompson and Barnett modified it; term(n) = {a_n, b_n}.
template <class Term>
double continued_fraction(double b0, const Term& term) {
    constexpr double least = 1e-300;   // in the place of a zero
    double value = b0 == 0 ? least : b0, c = value, d = 0;
    for (int n = 1; n < most_terms; ++n) {
        const auto [a, b] = term(n);
        d = b + a * d;
        c = b + a / c;
        d = 1 / (d == 0 ? least : d);
        c = c == 0 ? least : c;
        value *= c * d;
        if (std::abs(c * d - 1) < epsilon) break;
    }
    return value;
}

struct Step {
    double a, b;
};

/// log(x / at), from their distance where they are close.
double log_ratio(double x, double at, double distance) {
    const double relative = distance / at;
    return std::abs(relative) < 0.5 ? std::log1p(relative) : std::log(x) - std::log(at);
}

}  // namespace

double stirling_remainder(double a) {
    if (a < 20) return boost::math::lgamma(a) - ((a - 0.5) * std::log(a) - a + half_log_two_pi);
    const double r = 1 / a, s = r * r;   // next term: 1 / (1188 a^9) < 2e-15 of the first
    return r * (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s / 1188))));
}

double log_gamma_power(double a, double x) {
    const double log_u = log_ratio(x, a, x - a);
    return a * (log_u - (x - a) / a) + 0.5 * std::log(a) - half_log_two_pi - stirling_remainder(a);
}

double log_beta_power(double a, double b, double x, double y) {
    const double n = a + b, mean = a / n, rest = b / n;
    const double distance = x < y ? x - mean : rest - y;
    const double norm = 0.5 * (std::log(a) + std::log(rest)) - half_log_two_pi - stirling_remainder(a) -
                        stirling_remainder(b) + stirling_remainder(n);
    return a * log_ratio(x, mean, distance) + b * log_ratio(y, rest, -distance) + norm;
}

double log_gamma_p(double a, double x) {
    double sum = 1, term = 1;
    for (double n = 1; n < most_terms && term > epsilon * sum; ++n) sum += term *= x / (a + n);
    return log_gamma_power(a, x) - std::log(a) + std::log(sum);
}

double log_gamma_q(double a, double x) {
    const double fraction = continued_fraction(x + 1 - a, [=](int n) { return Step{-n * (n - a), x + 2 * n + 1 - a}; });
    return log_gamma_power(a, x) - std::log(fraction);
}

double log_beta_i(double a, double b, double x, double y) {
    const auto term = [=](int n) {
        const double m = n / 2, two_m = a + 2 * m;
        if (n % 2 == 0) return Step{m * (b - m) * x / ((two_m - 1) * two_m), 1.0};
        return Step{-(a + m) * (a + b + m) * x / (two_m * (two_m + 1)), 1.0};
    };
    return log_beta_power(a, b, x, y) - std::log(a) - std::log(continued_fraction(1.0, term));
}

double log_complete_beta(double a, double b) {
    const double n = a + b;   // from log_beta_power at the mean
    return a * std::log(a / n) + b * std::log(b / n) - log_beta_power(a, b, a / n, b / n);
}

double logit_beta_quantile(double a, double b, double p, double log_p) {
    if (p > 1e-18) {   // further out Boost's search may not end
        double y = 0;
        const double x = boost::math::ibeta_inv(a, b, p, &y, Policy());
        if (x > 1e-290) return std::log(x) - std::log(y);
    }
    // Newton in log x from x^a / (a B) on: log I is concave there, so that steps from below stay below.
    double log_x = std::min((log_p + std::log(a) + log_complete_beta(a, b)) / a, std::log(a / (a + b)) - epsilon);
    if (log_x + std::log1p(b) < -40) return log_x;   // I is that power alone, and y = 1
    for (int step = 0; step < 100; ++step) {
        const double x = std::exp(log_x), y = -std::expm1(log_x), value = log_beta_i(a, b, x, y);
        const double change = (log_p - value) * std::exp(value - log_beta_power(a, b, x, y)) * y;
        log_x += change;
        if (!(std::abs(change) > 2 * epsilon * std::abs(log_x))) break;
    }
    return log_x - std::log(-std::expm1(log_x));
}

}  // namespace buffon

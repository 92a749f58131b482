#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

/// P(Z > t) / density(t) for t >= 20: Laplace's continued fraction, whose 24 levels leave no error there.
double mills_ratio(double t) {
    double fraction = t;
    for (int level = 24; level >= 1; --level) fraction = t + level / fraction;
    return 1 / fraction;
}

double log_upper_tail(double t) { return -0.5 * t * t - half_log_two_pi + std::log(mills_ratio(t)); }

}  // namespace

double normal_log_cdf(double z) {
    if (z < -20) return log_upper_tail(-z);
    if (z <= 0) return std::log(normal_cdf(z));
    return std::log1p(-normal_cdf(-z));
}

double normal_quantile_of_log(double log_p) {
    if (log_p > -0.7) return -normal_quantile(-std::expm1(log_p));
    if (log_p > -700) return normal_quantile(std::exp(log_p));
    if (std::isinf(log_p)) return log_p;
    double t = std::sqrt(2.0) * std::sqrt(-log_p);   // 2 log_p itself may overflow
    for (int step = 0; step < 4; ++step) t += (log_upper_tail(t) - log_p) * mills_ratio(t);
    return -t;
}

}  // namespace buffon

#include <buffon/normal_functions.hpp>

#include <buffon/vecmath_normal.hpp>

#include <cmath>

namespace buffon {
namespace {

/// P(Z > t) / density(t) for t >= 20: Laplace's continued fraction, whose 24 levels leave no error there.
double mills_ratio(double t) {
    double fraction = t;
    for (int level = 24; level >= 1; --level) fraction = t + level / fraction;
    return 1 / fraction;
}

}  // namespace

double normal_cdf(double z) { return vecmath::normal_cdf(z); }
double normal_log_cdf(double z) { return vecmath::normal_log_cdf(z); }
double normal_quantile(double p) { return vecmath::normal_quantile(p); }

double normal_quantile_of_log(double log_p) {
    if (log_p > -0.7) return -normal_quantile(-vecmath::expm1(log_p));
    if (log_p > -700) return normal_quantile(vecmath::exp(log_p));
    if (std::isinf(log_p)) return log_p;
    double t = std::sqrt(2.0) * std::sqrt(-log_p);   // 2 log_p itself may overflow
    for (int step = 0; step < 4; ++step) t += (normal_log_cdf(-t) - log_p) * mills_ratio(t);
    return -t;
}

}  // namespace buffon

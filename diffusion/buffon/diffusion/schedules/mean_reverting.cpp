#include <buffon/diffusion/schedules/mean_reverting.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <utility>

#include <boost/math/tools/roots.hpp>

#include <buffon/diffusion/schedules/checks.hpp>
#include <buffon/diffusion/schedules/preserving.hpp>

namespace buffon::diffusion {
namespace {

constexpr double offset = 0.008;
constexpr double right_angle = 0.5 * std::numbers::pi;
constexpr double angle = right_angle / (1 + offset);   // of one unit of time

/// x - sin x for x >= 0: a series where the two are close.
double minus_sine(double x) {
    if (x > 1) return x - std::sin(x);
    double sum = 0;
    for (int n = 19; n >= 3; n -= 2) sum = x * x / ((n + 1) * (n + 2)) * (1 - sum);
    return x * x * x / 6 * (1 - sum);
}

double tan_offset() { return std::tan(angle * offset); }

/// 1 - cos(d + a)^2 / cos(a)^2 with a = angle * offset, and its integral over [0, d], both without cancellation.
double shape(double d) {
    const double k = tan_offset();
    return (1 - k * k) * std::sin(d) * std::sin(d) + k * std::sin(2 * d);
}
double integral(double d) {
    const double k = tan_offset();
    return 0.25 * (1 - k * k) * minus_sine(2 * d) + k * std::sin(d) * std::sin(d);
}

/// Inverse of `integral`, which is convex and at least d^3 / 5 up to a right angle: Newton's method from above.
double angle_of(double value) {
    if (!(value > 0)) return value;
    if (value >= integral(right_angle)) return right_angle;
    const double guess = std::min(std::cbrt(5 * value), right_angle);
    std::uintmax_t steps = 100;
    const auto error = [=](double d) { return std::pair{integral(d) - value, shape(d)}; };
    return boost::math::tools::newton_raphson_iterate(error, guess, 0.0, right_angle, std::numeric_limits<double>::digits, steps);
}

}  // namespace

MeanReverting::MeanReverting(double sinf, double alpha_start, double F_end, Theta theta)
    : sinf_(sinf), alpha_start_(alpha_start), F_end_(F_end), theta_(theta) {
    require(sinf > 0 && std::isfinite(sinf), "MeanReverting: sinf must be positive and finite, got ", sinf);
    require(alpha_start > 0 && alpha_start < 1, "MeanReverting: alpha_start must lie in (0, 1), got ", alpha_start);
    const double total = -std::log(alpha_start);
    require(F_end > 0 && F_end < total, "MeanReverting: F_end must lie in (0, -log(alpha_start) = ", total, "), got ", F_end);
    rate_ = theta == Theta::constant ? total : total / integral(angle);
    t_end_ = t_of_F(F_end);
}

double MeanReverting::F(double t) const { return rate_ * (theta_ == Theta::constant ? t : integral(angle * t)); }

double MeanReverting::t_of_F(double F) const {
    return theta_ == Theta::constant ? F / rate_ : angle_of(F / rate_) / angle;
}

double MeanReverting::log_alpha(double t) const {
    detail::check_time("MeanReverting.log_alpha", t, 0.0, 1.0);
    return -F(t);
}

double MeanReverting::alpha(double t) const {
    detail::check_time("MeanReverting.alpha", t, 0.0, 1.0);
    return std::exp(-F(t));
}

double MeanReverting::sigma(double t) const {
    detail::check_time("MeanReverting.sigma", t, 0.0, 1.0);
    return sinf_ * detail::sigma_of(-F(t));
}

double MeanReverting::lambda(double t) const {
    detail::check_time("MeanReverting.lambda", t, 0.0, 1.0);
    return detail::lambda_of(-F(t)) - std::log(sinf_);
}

double MeanReverting::t_of_lambda(double lambda) const {
    const double F = -detail::log_alpha_of(lambda + std::log(sinf_));
    return detail::snap("MeanReverting.t_of_lambda", t_of_F(F), 0.0, 1.0, lambda);
}

std::string MeanReverting::formula() const {
    const char* f = theta_ == Theta::constant
                        ? "t"
                        : "integral_0^t (1 - cos(pi/2 (u + 0.008) / 1.008)^2 / cos(pi/2 0.008 / 1.008)^2) du";
    return detail::text("x - mu: log alpha(t) = -", rate_, " ", f, ", sigma(t)^2 = ", sinf_, "^2 (1 - alpha(t)^2), 0 <= t <= 1");
}

}  // namespace buffon::diffusion

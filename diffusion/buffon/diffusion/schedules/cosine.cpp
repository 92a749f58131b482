#include <buffon/diffusion/schedules/cosine.hpp>

#include <cmath>
#include <numbers>

#include <buffon/diffusion/schedules/checks.hpp>
#include <buffon/diffusion/schedules/preserving.hpp>

namespace buffon::diffusion {

Cosine::Cosine(double s, double t_start, double t_end) : s_(s), t_start_(t_start), t_end_(t_end) {
    require(s > 0 && std::isfinite(s), "Cosine: s must be positive and finite, got ", s);
    require(t_start > 0 && t_start < 1, "Cosine: t_start must lie in (0, 1), got ", t_start);
    require(t_end > 0 && t_end < t_start, "Cosine: t_end must lie in (0, t_start = ", t_start, "), got ", t_end);
}

double Cosine::angle(double t) const { return 0.5 * std::numbers::pi * t / (1 + s_); }

// Near the data cos(d + a) / cos(a) = 1 - (2 sin(d/2)^2 + sin(d) tan(a)); near t = 1 the cosine of an angle that is almost
// pi/2 is the sine of what is missing. Each is exact where the other cancels.
double Cosine::log_alpha_at(double t) const {
    const double a = angle(s_);
    const double d = angle(t);
    if (t > 0.5) return std::log(std::sin(angle(1 - t)) / std::cos(a));
    const double half = std::sin(0.5 * d);
    return std::log1p(-(2 * half * half + std::sin(d) * std::tan(a)));
}

double Cosine::log_alpha(double t) const {
    detail::check_time("Cosine.log_alpha", t, 0.0, t_start_);
    return log_alpha_at(t);
}

double Cosine::alpha(double t) const {
    detail::check_time("Cosine.alpha", t, 0.0, t_start_);
    return std::exp(log_alpha_at(t));
}

double Cosine::sigma(double t) const {
    detail::check_time("Cosine.sigma", t, 0.0, t_start_);
    return detail::sigma_of(log_alpha_at(t));
}

double Cosine::lambda(double t) const {
    detail::check_time("Cosine.lambda", t, 0.0, t_start_);
    return detail::lambda_of(log_alpha_at(t));
}

// The same equation, 1 - alpha = 2 sin(d/2)^2 + sin(d) tan(a), is quadratic in tan(d/2); its root without cancellation.
double Cosine::t_of_lambda(double lambda) const {
    const double log_alpha = detail::log_alpha_of(lambda);
    const double k = std::tan(angle(s_));
    const double half = std::atan(-std::expm1(log_alpha) / (k + std::hypot(k, detail::sigma_of(log_alpha))));
    return detail::snap("Cosine.t_of_lambda", 2 * half / angle(1), 0.0, t_start_, lambda);
}

std::string Cosine::formula() const {
    return detail::text("alpha(t) = cos(pi/2 (t + ", s_, ") / ", 1 + s_, ") / cos(pi/2 ", s_, " / ", 1 + s_,
                        "), sigma(t)^2 = 1 - alpha(t)^2, 0 <= t <= ", t_start_);
}

}  // namespace buffon::diffusion

#include <buffon/diffusion/schedules/vp.hpp>

#include <cmath>

#include <buffon/diffusion/schedules/checks.hpp>
#include <buffon/diffusion/schedules/preserving.hpp>

namespace buffon::diffusion {
namespace {

// -1/2 of the integral of beta over [0, t].
double decay(double b0, double b1, double t) { return -0.25 * t * t * (b1 - b0) - 0.5 * t * b0; }

}  // namespace

VP::VP(double b0, double b1, double t_end) : b0_(b0), b1_(b1), t_end_(t_end) { detail::check_rates("VP", b0, b1, t_end); }

double VP::log_alpha(double t) const {
    detail::check_time("VP.log_alpha", t, 0.0, 1.0);
    return decay(b0_, b1_, t);
}

double VP::alpha(double t) const {
    detail::check_time("VP.alpha", t, 0.0, 1.0);
    return std::exp(decay(b0_, b1_, t));
}

double VP::sigma(double t) const {
    detail::check_time("VP.sigma", t, 0.0, 1.0);
    return detail::sigma_of(decay(b0_, b1_, t));
}

double VP::lambda(double t) const {
    detail::check_time("VP.lambda", t, 0.0, 1.0);
    return detail::lambda_of(decay(b0_, b1_, t));
}

// The root of a quadratic in the form that does not cancel for small t and also holds for constant beta.
double VP::t_of_log_alpha(double log_alpha) const {
    const double l = -4 * log_alpha;
    return l / (std::sqrt(b0_ * b0_ + (b1_ - b0_) * l) + b0_);
}

double VP::t_of_lambda(double lambda) const {
    return detail::snap("VP.t_of_lambda", t_of_log_alpha(detail::log_alpha_of(lambda)), 0.0, 1.0, lambda);
}

std::string VP::formula() const {
    return detail::text("log alpha(t) = -", b1_ - b0_, " t^2 / 4 - ", b0_,
                        " t / 2, sigma(t)^2 = 1 - alpha(t)^2, 0 <= t <= 1");
}

}  // namespace buffon::diffusion

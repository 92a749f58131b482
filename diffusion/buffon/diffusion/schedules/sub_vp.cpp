#include <buffon/diffusion/schedules/sub_vp.hpp>

#include <cmath>

#include <buffon/diffusion/schedules/checks.hpp>

namespace buffon::diffusion {
namespace {

VP checked(double b0, double b1, double t_end) {
    detail::check_rates("SubVP", b0, b1, t_end);
    return VP(b0, b1, t_end);
}

}  // namespace

SubVP::SubVP(double b0, double b1, double t_end) : vp_(checked(b0, b1, t_end)) {}

double SubVP::log_alpha(double t) const {
    detail::check_time("SubVP.log_alpha", t, 0.0, 1.0);
    return vp_.log_alpha(t);
}

double SubVP::alpha(double t) const {
    detail::check_time("SubVP.alpha", t, 0.0, 1.0);
    return vp_.alpha(t);
}

double SubVP::sigma(double t) const {
    detail::check_time("SubVP.sigma", t, 0.0, 1.0);
    return -std::expm1(2 * vp_.log_alpha(t));
}

// sigma / alpha = 1/alpha - alpha = 2 sinh(-log alpha)
double SubVP::lambda(double t) const {
    detail::check_time("SubVP.lambda", t, 0.0, 1.0);
    return -std::log(2 * std::sinh(-vp_.log_alpha(t)));
}

double SubVP::t_of_lambda(double lambda) const {
    const double log_alpha = -std::asinh(0.5 * std::exp(-lambda));
    return detail::snap("SubVP.t_of_lambda", vp_.t_of_log_alpha(log_alpha), 0.0, 1.0, lambda);
}

std::string SubVP::formula() const {
    return detail::text("log alpha(t) = -", b1() - b0(), " t^2 / 4 - ", b0(),
                        " t / 2, sigma(t) = 1 - alpha(t)^2, 0 <= t <= 1");
}

}  // namespace buffon::diffusion

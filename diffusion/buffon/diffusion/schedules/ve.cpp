#include <buffon/diffusion/schedules/ve.hpp>

#include <cmath>

#include <buffon/diffusion/schedules/checks.hpp>

namespace buffon::diffusion {

VE::VE(double smin, double smax) : smin_(smin), smax_(smax) { detail::check_levels("VE", smin, smax); }

double VE::log_alpha(double t) const {
    detail::check_time("VE.log_alpha", t, 0.0, 1.0);
    return 0.0;
}

double VE::alpha(double t) const {
    detail::check_time("VE.alpha", t, 0.0, 1.0);
    return 1.0;
}

// As a product of powers both ends are exact.
double VE::sigma(double t) const {
    detail::check_time("VE.sigma", t, 0.0, 1.0);
    return std::pow(smin_, 1 - t) * std::pow(smax_, t);
}

double VE::lambda(double t) const {
    detail::check_time("VE.lambda", t, 0.0, 1.0);
    return -((1 - t) * std::log(smin_) + t * std::log(smax_));
}

double VE::t_of_lambda(double lambda) const {
    const double low = std::log(smin_);
    return detail::snap("VE.t_of_lambda", (-lambda - low) / (std::log(smax_) - low), 0.0, 1.0, lambda);
}

std::string VE::formula() const {
    return detail::text("alpha(t) = 1, sigma(t) = ", smin_, "^(1 - t) * ", smax_, "^t, 0 <= t <= 1");
}

}  // namespace buffon::diffusion

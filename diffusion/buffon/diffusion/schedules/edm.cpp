#include <buffon/diffusion/schedules/edm.hpp>

#include <cmath>

#include <buffon/diffusion/schedules/checks.hpp>

namespace buffon::diffusion {

EDM::EDM(double smin, double smax) : smin_(smin), smax_(smax) { detail::check_levels("EDM", smin, smax); }

double EDM::log_alpha(double t) const {
    detail::check_time("EDM.log_alpha", t, 0.0, smax_);
    return 0.0;
}

double EDM::alpha(double t) const {
    detail::check_time("EDM.alpha", t, 0.0, smax_);
    return 1.0;
}

double EDM::sigma(double t) const {
    detail::check_time("EDM.sigma", t, 0.0, smax_);
    return t;
}

double EDM::lambda(double t) const {
    detail::check_time("EDM.lambda", t, 0.0, smax_);
    return -std::log(t);
}

double EDM::t_of_lambda(double lambda) const {
    return detail::snap("EDM.t_of_lambda", std::exp(-lambda), 0.0, smax_, lambda);
}

std::string EDM::formula() const { return detail::text("alpha(t) = 1, sigma(t) = t, 0 <= t <= ", smax_); }

}  // namespace buffon::diffusion

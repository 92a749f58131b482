#include <buffon/laws/gamma.hpp>

#include <cmath>

#include <boost/math/special_functions/gamma.hpp>

#include <buffon/check.hpp>
#include <buffon/laws/incomplete.hpp>
#include <buffon/laws/score_table.hpp>
#include <buffon/laws/scores.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double tiny = 1e-290;   // below it probabilities lose digits: logarithms take over
using Policy = boost::math::policies::policy<boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
                                             boost::math::policies::underflow_error<boost::math::policies::ignore_error>>;

/// t with log P(a, t) = log_p in the underflowed lower tail: log P is almost linear in log t.
double solve_lower(double a, double log_p) {
    double log_t = (log_p + boost::math::lgamma(a + 1)) / a;   // t^a / Gamma(a + 1), below the solution by at most t / a
    if (log_t < -40) return log_t;   // P is that power alone
    for (int step = 0; step < 60; ++step) {
        const double t = std::exp(log_t), value = log_gamma_p(a, t);
        const double change = (log_p - value) / std::exp(log_gamma_power(a, t) - value);
        log_t += change;
        if (!(std::abs(change) > 1e-15 * std::abs(log_t))) break;
    }
    return log_t;
}

/// t with log Q(a, t) = log_q in the underflowed upper tail, from where it begins to underflow: log Q is almost linear in t.
double solve_upper(double a, double log_q) {
    double t = boost::math::gamma_q_inv(a, 1e-280, Policy());
    for (int step = 0; step < 60; ++step) {
        const double value = log_gamma_q(a, t);
        const double change = (value - log_q) * std::exp(value - log_gamma_power(a, t)) * t;
        t += change;
        if (!(std::abs(change) > 1e-15 * t)) break;
    }
    return t;
}

}  // namespace

/// The law with scale 1.
struct Gamma::Core {
    explicit Core(double a)
        : shape(a), log_shape(std::log(a)), log_norm(0.5 * log_shape - half_log_two_pi - stirling_remainder(a)) {}

    double below(double t) const { return boost::math::gamma_p(shape, t, Policy()); }
    double above(double t) const { return boost::math::gamma_q(shape, t, Policy()); }

    /// log t at the score z.
    double exact(double z) const {
        if (z < 0) {
            const double p = normal_cdf(z);
            const double t = p > tiny ? boost::math::gamma_p_inv(shape, p, Policy()) : 0;
            return t > tiny ? std::log(t) : solve_lower(shape, normal_log_cdf(z));
        }
        const double q = normal_cdf(-z);
        return std::log(q > tiny ? boost::math::gamma_q_inv(shape, q, Policy()) : solve_upper(shape, normal_log_cdf(-z)));
    }
    double log_at(double z) const {
        if (!(std::abs(z) <= ScoreTable::reach)) return std::isfinite(z) ? exact(z) : z;
        return table.get([this](double score) { return exact(score); })(z);
    }

    double shape;
    double log_shape;
    double log_norm;
    LazyScoreTable table;
};

Gamma::Gamma(double shape, double scale) : shape_(shape), scale_(scale) {
    require(std::isfinite(shape) && shape > 0, "Gamma: shape must be positive and finite, got ", shape);
    require(std::isfinite(scale) && scale > 0, "Gamma: scale must be positive and finite, got ", scale);
    core_ = std::make_shared<const Core>(shape);
}

Gamma Gamma::from_moments(double mean, double cv) {
    require(std::isfinite(mean) && mean > 0, "Gamma::from_moments: mean must be positive and finite, got ", mean);
    require(std::isfinite(cv) && cv > 0, "Gamma::from_moments: cv must be positive and finite, got ", cv);
    return Gamma(1 / (cv * cv), mean * cv * cv);
}

/// shape (log u - (u - 1)) - log t with u = t / shape: the terms do not cancel near the mean.
double Gamma::log_density(double x) const {
    if (x < 0 || x == infinity) return -infinity;
    const double t = x / scale_, u = t / shape_, distance = (t - shape_) / shape_;
    if (t == 0) return shape_ == 1 ? -std::log(scale_) : shape_ < 1 ? infinity : -infinity;
    const double log_u = std::abs(distance) < 0.5 ? std::log1p(distance) : std::log(u);
    return shape_ * (log_u - distance) - log_u + core_->log_norm - core_->log_shape - std::log(scale_);
}

double Gamma::cdf(double x) const {
    if (std::isnan(x)) return x;
    return x <= 0 ? 0.0 : x == infinity ? 1.0 : core_->below(x / scale_);
}
double Gamma::ccdf(double x) const {
    if (std::isnan(x)) return x;
    return x <= 0 ? 1.0 : x == infinity ? 0.0 : core_->above(x / scale_);
}

double Gamma::to_normal(double x) const {
    if (std::isnan(x) || x == infinity) return x;
    if (x <= 0) return -infinity;
    const double t = x / scale_, above = core_->above(t);
    if (above > 0.5) {
        const double below = core_->below(t);
        return below > tiny ? normal_quantile(below) : normal_quantile_of_log(log_gamma_p(shape_, t));
    }
    return -(above > tiny ? normal_quantile(above) : normal_quantile_of_log(log_gamma_q(shape_, t)));
}

double Gamma::from_normal(double z) const { return scale_ * std::exp(core_->log_at(z)); }
double Gamma::quantile(double p) const { return from_normal(normal_quantile(p)); }
double Gamma::upper_quantile(double p) const { return from_normal(-normal_quantile(p)); }

}  // namespace buffon

#include <buffon/laws/beta.hpp>

#include <cmath>
#include <limits>

#include <boost/math/special_functions/beta.hpp>

#include <buffon/check.hpp>
#include <buffon/laws/incomplete.hpp>
#include <buffon/laws/score_table.hpp>
#include <buffon/laws/scores.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double tiny = 1e-290;   // below it probabilities lose digits: logarithms take over

/// power log t, at t = 0 too.
double log_power(double power, double log_t) { return power == 0 ? 0 : power * log_t; }

/// Score of t from the lower side, the nearer one. s = 1 - t.
double lower_score(double a, double b, double t, double s, double below) {
    return below > tiny ? normal_quantile(below) : normal_quantile_of_log(log_beta_i(a, b, t, s));
}

}  // namespace

/// The law on (0, 1).
struct Beta::Core {
    Core(double first, double second) : a(first), b(second), mean(a / (a + b)), rest(b / (a + b)) {
        log_norm = a * std::log(mean) + b * std::log(rest) - log_complete_beta(a, b) - std::log(mean) - std::log(rest);
    }

    /// t and s = 1 - t are given by whoever has both without loss.
    double below(double t, double s) const { return t < s ? boost::math::ibeta(a, b, t) : boost::math::ibetac(b, a, s); }
    double above(double t, double s) const { return s < t ? boost::math::ibeta(b, a, s) : boost::math::ibetac(a, b, t); }
    double log_density(double t, double s) const {
        // the smaller of t and s has all its digits, and so has its distance from the mean
        const double distance = t < s ? t - mean : rest - s;
        const double first = std::abs(distance) < 0.5 * mean ? std::log1p(distance / mean) : std::log(t / mean);
        const double second = std::abs(distance) < 0.5 * rest ? std::log1p(-distance / rest) : std::log(s / rest);
        return log_power(a - 1, first) + log_power(b - 1, second) + log_norm;
    }

    /// log(t / (1 - t)) at the score z.
    double exact(double z) const {
        return z < 0 ? logit_beta_quantile(a, b, normal_cdf(z), normal_log_cdf(z))
                     : -logit_beta_quantile(b, a, normal_cdf(-z), normal_log_cdf(-z));
    }
    double logit_at(double z) const {
        if (!(std::abs(z) <= ScoreTable::reach)) return std::isfinite(z) ? exact(z) : z;
        return table.get([this](double score) { return exact(score); })(z);
    }

    double a, b;
    double mean, rest;
    double log_norm;
    LazyScoreTable table;
};

Beta::Beta(double a, double b, double lower, double upper) : a_(a), b_(b), lower_(lower), upper_(upper), width_(upper - lower) {
    require(std::isfinite(a) && a > 0, "Beta: a must be positive and finite, got ", a);
    require(std::isfinite(b) && b > 0, "Beta: b must be positive and finite, got ", b);
    require(std::isfinite(lower), "Beta: lower must be finite, got ", lower);
    require(std::isfinite(upper) && upper > lower, "Beta: upper must be finite and above lower = ", lower, ", got ", upper);
    require(std::isfinite(width_), "Beta: upper - lower must be finite, got lower = ", lower, ", upper = ", upper);
    core_ = std::make_shared<const Core>(a, b);
}

Beta Beta::from_moments(double mean, double sd, double lower, double upper) {
    require(mean > lower && mean < upper, "Beta::from_moments: mean must lie in (lower, upper) = (", lower, ", ", upper,
            "), got ", mean);
    const double room = (mean - lower) * (upper - mean);
    require(sd > 0 && sd * sd < room, "Beta::from_moments: sd must be positive and below ", std::sqrt(room), ", got ", sd);
    const double n = room / (sd * sd) - 1, width = upper - lower;
    return Beta(n * ((mean - lower) / width), n * ((upper - mean) / width), lower, upper);
}

double Beta::log_density(double x) const {
    if (x < lower_ || x > upper_) return -infinity;
    return core_->log_density((x - lower_) / width_, (upper_ - x) / width_) - std::log(width_);
}

double Beta::cdf(double x) const {
    if (std::isnan(x)) return x;
    return x <= lower_ ? 0.0 : x >= upper_ ? 1.0 : core_->below((x - lower_) / width_, (upper_ - x) / width_);
}
double Beta::ccdf(double x) const {
    if (std::isnan(x)) return x;
    return x <= lower_ ? 1.0 : x >= upper_ ? 0.0 : core_->above((x - lower_) / width_, (upper_ - x) / width_);
}

double Beta::to_normal(double x) const {
    if (std::isnan(x)) return x;
    if (x <= lower_ || x >= upper_) return x <= lower_ ? -infinity : infinity;
    const double t = (x - lower_) / width_, s = (upper_ - x) / width_, below = core_->below(t, s);
    return below < 0.5 ? lower_score(a_, b_, t, s, below) : -lower_score(b_, a_, s, t, core_->above(t, s));
}

/// From the nearer end, with the digits that the logit has there.
double Beta::from_normal(double z) const {
    const double logit = core_->logit_at(z);
    return logit < 0 ? lower_ + width_ / (1 + std::exp(-logit)) : upper_ - width_ / (1 + std::exp(logit));
}
double Beta::quantile(double p) const { return from_normal(normal_quantile(p)); }
double Beta::upper_quantile(double p) const { return from_normal(-normal_quantile(p)); }

}  // namespace buffon

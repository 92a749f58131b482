#include <buffon/laws/student_t.hpp>

#include <cmath>
#include <numbers>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <buffon/check.hpp>
#include <buffon/laws/incomplete.hpp>
#include <buffon/laws/score_table.hpp>
#include <buffon/laws/scores.hpp>

namespace buffon {
namespace {

constexpr double tiny = 1e-290;   // below it probabilities lose digits: logarithms take over
constexpr double far = 1e8;       // 1 + far^2 = far^2: only a power is left of the density

}  // namespace

/// r = t / sqrt(df) of the standard law; P(T > t) = I_w(df / 2, 1/2) / 2 with w = 1 / (1 + r^2).
struct StudentT::Core {
    explicit Core(double n)
        : df(n), root(std::sqrt(n)),
          log_beta(0.5 * std::log(std::numbers::pi) + std::log(boost::math::tgamma_delta_ratio(0.5 * n, 0.5))) {}

    /// P(T > t) for r >= 0, from the smaller of w and 1 - w; and its logarithm where it underflows.
    double tail(double r) const {
        if (r > far) return std::exp(log_tail(r));
        const double square = r * r, w = 1 / (1 + square), rest = square / (1 + square);
        return 0.5 * (square > 1 ? boost::math::ibeta(0.5 * df, 0.5, w) : boost::math::ibetac(0.5, 0.5 * df, rest));
    }
    double log_tail(double r) const {
        const double half = std::log(0.5);
        if (r > far) return half - df * std::log(r) - std::log(0.5 * df) - log_beta;
        const double square = r * r;
        return half + log_beta_i(0.5 * df, 0.5, 1 / (1 + square), square / (1 + square));
    }
    double log_density(double r) const {
        const double log_w = r > far ? 2 * std::log(r) : std::log1p(r * r);
        return -0.5 * (df + 1) * log_w - log_beta - 0.5 * std::log(df);
    }

    /// asinh r at the score z >= 0: grows like a power of z, so that polynomials follow it, however heavy the tail.
    double exact(double z) const {
        const double q = normal_cdf(-z);
        if (z > 0.7)
            return std::asinh(
                std::exp(-0.5 * logit_beta_quantile(0.5 * df, 0.5, 2 * q, std::log(2.0) + normal_log_cdf(-z))));
        const double p = std::erf(z * 0.70710678118654752440);   // 1 - 2 q, P(|T| < t)
        return p > 0 ? std::asinh(std::exp(0.5 * logit_beta_quantile(0.5, 0.5 * df, p, std::log(p)))) : 0;
    }
    double asinh_at(double z) const {
        if (!(z <= ScoreTable::reach)) return std::isfinite(z) ? exact(z) : z;
        return table.get([this](double score) { return std::copysign(exact(std::abs(score)), score); })(z);
    }

    double df;
    double root;
    double log_beta;   // log B(df / 2, 1/2)
    LazyScoreTable table;
};

StudentT::StudentT(double df, double location, double scale) : df_(df), location_(location), scale_(scale) {
    require(std::isfinite(df) && df > 0, "StudentT: df must be positive and finite, got ", df);
    require(std::isfinite(location), "StudentT: location must be finite, got ", location);
    require(std::isfinite(scale) && scale > 0, "StudentT: scale must be positive and finite, got ", scale);
    core_ = std::make_shared<const Core>(df);
}

double StudentT::log_density(double x) const {
    return core_->log_density(std::abs(standard(x)) / core_->root) - std::log(scale_);
}

double StudentT::cdf(double x) const {
    const double t = standard(x);
    if (std::isnan(t)) return t;
    const double tail = core_->tail(std::abs(t) / core_->root);
    return t < 0 ? tail : 1 - tail;
}
double StudentT::ccdf(double x) const {
    const double t = standard(x);
    if (std::isnan(t)) return t;
    const double tail = core_->tail(std::abs(t) / core_->root);
    return t < 0 ? 1 - tail : tail;
}

double StudentT::to_normal(double x) const {
    const double t = standard(x);
    if (std::isnan(t)) return t;
    const double r = std::abs(t) / core_->root, tail = core_->tail(r);
    return std::copysign(tail > tiny ? normal_quantile(tail) : normal_quantile_of_log(core_->log_tail(r)), t);
}

double StudentT::from_normal(double z) const {
    return location_ + scale_ * core_->root * std::copysign(std::sinh(core_->asinh_at(std::abs(z))), z);
}
double StudentT::quantile(double p) const { return from_normal(normal_quantile(p)); }
double StudentT::upper_quantile(double p) const { return from_normal(-normal_quantile(p)); }

}  // namespace buffon

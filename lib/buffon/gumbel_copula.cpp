#include <buffon/gumbel_copula.hpp>

#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include <buffon/archimedean.hpp>
#include <buffon/laws/scores.hpp>

namespace buffon {
namespace {

using namespace archimedean;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// log(-log u) at a score, and back: t = (-log u)^theta.
double log_exponential(double z) { return log_exponential_of_score(-z); }
double score(double log_e) { return -score_of_log_exponential(log_e); }

/// n - k / theta without cancellation, for k <= n.
double gap(std::size_t n, std::size_t k, double theta) {
    return (static_cast<double>(n - k) * theta + static_cast<double>(k) * (theta - 1)) / theta;
}

/// sum exp(terms), and the terms over it.
double normalise(std::vector<double>& terms) {
    double largest = -infinity, sum = 0;
    for (const double term : terms) largest = std::max(largest, term);
    for (double& term : terms) sum += term = elementary::exp(term - largest);
    for (double& term : terms) term /= sum;
    return largest + elementary::log(sum);
}

/// Given n earlier coordinates with sum t, and with growth = log(1 + t_next / t): -log P(U <= u_next) is
/// x (e^(growth / theta) - 1) - log sum_k w_k e^(-(n - k / theta) growth), the w_k being the shares of the terms at x =
/// t^(1 / theta).
class Conditional {
public:
    Conditional(const std::vector<double>& log_terms, double theta, double log_t)
        : theta_(theta), x_(elementary::exp(log_t / theta)), weight_(log_terms) {
        const std::size_t n = weight_.size();
        for (std::size_t k = 1; k <= n; ++k) {
            weight_[k - 1] += static_cast<double>(k) * (log_t / theta);
            gap_.push_back(gap(n, k, theta));
        }
        normalise(weight_);
    }

    /// Value and slope.
    std::pair<double, double> operator()(double growth) const {
        double less = 0, slope = 0;
        for (std::size_t k = 0; k < gap_.size(); ++k) {
            const double fall = weight_[k] * -elementary::expm1(-gap_[k] * growth);
            less += fall;
            slope += gap_[k] * (weight_[k] - fall);
        }
        const double power = x_ * elementary::expm1(growth / theta_);
        if (less < 0.75) return {power - elementary::log1p(-less), (x_ + power) / theta_ + slope / (1 - less)};
        return far(growth, power);
    }

    /// The growth where -log P = target: in 1 + t_next / t the value is concave, so that its tangent at 0 gives a lower bound.
    double root(double target) const {
        if (std::isinf(target)) return target;
        const double low = elementary::log1p(target / (*this)(0.0).second);
        const double high = std::min(theta_ * elementary::log1p(target / x_), target / gap_.back());
        return bracketed_root(*this, target, low, high);
    }

private:
    /// The same where little is left of the sum.
    std::pair<double, double> far(double growth, double power) const {
        double largest = -infinity, sum = 0, slope = 0;
        for (std::size_t k = 0; k < gap_.size(); ++k)
            if (weight_[k] > 0) largest = std::max(largest, elementary::log(weight_[k]) - gap_[k] * growth);
        for (std::size_t k = 0; k < gap_.size(); ++k) {
            const double term = weight_[k] > 0 ? elementary::exp(elementary::log(weight_[k]) - gap_[k] * growth - largest) : 0;
            sum += term;
            slope += gap_[k] * term;
        }
        return {power - largest - elementary::log(sum), (x_ + power) / theta_ + slope / sum};
    }

    double theta_;
    double x_;
    std::vector<double> weight_, gap_;
};

}  // namespace

/// a(n + 1, k) = (n - k / theta) a(n, k) + a(n, k - 1) / theta, from the derivative of t^-n e^-x x^k: no term is negative.
GumbelCopula::GumbelCopula(double theta, std::int64_t dim) : theta_(theta), dim_(dim) {
    require(std::isfinite(theta) && theta >= 1, "GumbelCopula: theta must be finite and at least 1, got ", theta);
    check_dim("GumbelCopula", dim, true, theta);
    const auto d = static_cast<std::size_t>(dim);
    log_norm_ = static_cast<double>(dim) * std::log(theta) + std::lgamma(static_cast<double>(dim));
    std::vector<double> terms{1 / theta};
    for (std::size_t n = 1; n <= d; ++n) {
        auto& row = log_terms_.emplace_back();
        for (const double term : terms) row.push_back(std::log(term));
        terms.push_back(0.0);
        for (std::size_t k = n + 1; k >= 1; --k)
            terms[k - 1] = ((k <= n ? gap(n, k, theta) * terms[k - 1] : 0.0) + (k > 1 ? terms[k - 2] / theta : 0.0)) /
                           static_cast<double>(n);
    }
}

GumbelCopula GumbelCopula::from_kendall(double tau, std::int64_t dim) {
    require(tau >= 0 && tau < 1, "GumbelCopula: tau must lie in [0, 1), got ", tau);
    return {1 / (1 - tau), dim};
}

double GumbelCopula::upper_tail_dependence() const { return 2 - std::pow(2.0, 1 / theta_); }

void GumbelCopula::decorrelate(View z) const {
    assert(z.cols == dim());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        double log_t = theta_ * log_exponential(row[0]);
        for (std::size_t j = 1; j < row.size(); ++j) {
            const double growth = log1p_exp(theta_ * log_exponential(row[j]) - log_t);
            row[j] = normal_quantile_of_log(-Conditional(log_terms_[j - 1], theta_, log_t)(growth).first);
            log_t += growth;
        }
    }
}

void GumbelCopula::correlate(View z) const {
    assert(z.cols == dim());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        double log_t = theta_ * log_exponential(row[0]);
        for (std::size_t j = 1; j < row.size(); ++j) {
            const double growth = Conditional(log_terms_[j - 1], theta_, log_t).root(-normal_log_cdf(row[j]));
            row[j] = score((log_t + log_expm1(growth)) / theta_);
            log_t += growth;
        }
    }
}

void GumbelCopula::add_log_density(ConstView z, std::span<double> out) const {
    assert(z.cols == dim() && out.size() == static_cast<std::size_t>(z.rows));
    std::vector<double> terms;
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double sum = 0, log_t = -infinity;
        for (const double score : z.row(i)) {
            const double log_e = log_exponential(score);
            sum += (theta_ - 1) * log_e + elementary::exp(log_e);
            log_t = log_add(log_t, theta_ * log_e);
        }
        terms = log_terms_.back();
        for (std::size_t k = 0; k < terms.size(); ++k) terms[k] += static_cast<double>(k + 1) * (log_t / theta_);
        out[static_cast<std::size_t>(i)] +=
            log_norm_ + sum - elementary::exp(log_t / theta_) - static_cast<double>(dim()) * log_t + normalise(terms);
    }
}

}  // namespace buffon

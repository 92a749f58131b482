#include <buffon/clayton_copula.hpp>

#include <cassert>
#include <cmath>
#include <limits>

#include <buffon/archimedean.hpp>

namespace buffon {
namespace {

using namespace archimedean;
constexpr double infinity = std::numeric_limits<double>::infinity();

// theta > 0: s_j = 1 + sum_{i <= j} t_i with t = u^-theta - 1, kept as logarithms: t overflows where u is small. Given the first
// j coordinates the next one has P(U <= u) = (1 + t / s_j)^-(1 / theta + j).

/// log t at a score.
double log_t(double theta, double z) { return log_expm1(-theta * normal_log_cdf(z)); }

/// theta < 0: with a = -theta and the first coordinate u, P(V <= v | U = u) = ((u^a + v^a - 1) / u^a)^(1 / a - 1).
double conditional_score(double a, double u, double v) {
    const double log_u = normal_log_cdf(u), gap = elementary::expm1(a * normal_log_cdf(v)) * elementary::exp(-a * log_u);
    return gap > -1 ? normal_quantile_of_log((1 / a - 1) * elementary::log1p(gap)) : -infinity;
}

double conditional_root(double a, double u, double w) {
    const double log_u = normal_log_cdf(u), log_share = normal_log_cdf(w) / (1 / a - 1);
    const double gap = elementary::exp(a * log_u) * elementary::expm1(log_share);   // v^a = 1 + gap
    if (gap > -0.5) return normal_quantile_of_log(elementary::log1p(gap) / a);
    return normal_quantile_of_log(log_add(log1m_exp(a * log_u), a * log_u + log_share) / a);
}

}  // namespace

ClaytonCopula::ClaytonCopula(double theta, std::int64_t dim) : theta_(theta), dim_(dim) {
    require(std::isfinite(theta) && theta > -1 && theta != 0,
            "ClaytonCopula: theta must be finite, above -1 and not 0, got ", theta);
    check_dim("ClaytonCopula", dim, theta > 0, theta);
    for (std::int64_t k = 1; k < dim; ++k) log_norm_ += std::log1p(static_cast<double>(k) * theta);
}

ClaytonCopula ClaytonCopula::from_kendall(double tau, std::int64_t dim) {
    require(tau > -1.0 / 3 && tau < 1 && tau != 0, "ClaytonCopula: tau must lie in (-1/3, 1) and not be 0, got ", tau);
    return {2 * tau / (1 - tau), dim};
}

double ClaytonCopula::lower_tail_dependence() const { return theta_ > 0 ? std::pow(2.0, -1 / theta_) : 0; }

void ClaytonCopula::decorrelate(View z) const {
    assert(z.cols == dim());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        if (theta_ < 0) {
            row[1] = conditional_score(-theta_, row[0], row[1]);
            continue;
        }
        double log_s = log1p_exp(log_t(theta_, row[0])), power = 1 / theta_;
        for (std::size_t j = 1; j < row.size(); ++j) {
            const double growth = log1p_exp(log_t(theta_, row[j]) - log_s);
            row[j] = normal_quantile_of_log(-(power += 1) * growth);
            log_s += growth;
        }
    }
}

void ClaytonCopula::correlate(View z) const {
    assert(z.cols == dim());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        if (theta_ < 0) {
            row[1] = conditional_root(-theta_, row[0], row[1]);
            continue;
        }
        double log_s = log1p_exp(log_t(theta_, row[0])), power = 1 / theta_;
        for (std::size_t j = 1; j < row.size(); ++j) {
            const double growth = -normal_log_cdf(row[j]) / (power += 1);
            row[j] = normal_quantile_of_log(-log1p_exp(log_s + log_expm1(growth)) / theta_);
            log_s += growth;
        }
    }
}

/// log(1 + sum t), one t at a time and each as a logarithm: 1 + sum t itself would overflow.
void ClaytonCopula::add_log_density(ConstView z, std::span<double> out) const {
    assert(z.cols == dim() && out.size() == static_cast<std::size_t>(z.rows));
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double sum = 0, log_s = 0, excess = 0;   // excess: the sum of the t themselves where theta < 0, in (-1, 0]
        for (const double score : z.row(i)) {
            const double log_u = normal_log_cdf(score);
            sum += log_u;
            if (theta_ > 0) log_s += log1p_exp(log_expm1(-theta_ * log_u) - log_s);
            else excess += elementary::expm1(-theta_ * log_u);
        }
        if (theta_ < 0) log_s = excess > -1 ? elementary::log1p(excess) : infinity;   // outside: no density
        const double power = 1 / theta_ + static_cast<double>(dim());
        double& density = out[static_cast<std::size_t>(i)];
        density += log_norm_ - (1 + theta_) * sum - (std::isinf(log_s) ? infinity : power * log_s);
    }
}

}  // namespace buffon

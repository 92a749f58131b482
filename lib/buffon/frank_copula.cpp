#include <buffon/frank_copula.hpp>

#include <cassert>
#include <cmath>
#include <utility>

#include <boost/math/quadrature/gauss.hpp>

#include <buffon/archimedean.hpp>

namespace buffon {
namespace {

using namespace archimedean;

constexpr double largest_theta = 300;   // e^-theta times a tail probability must not underflow

/// theta > 0. With h(u) = 1 - e^(-theta u) and x_j = prod_{i <= j} h(u_i) / h(1)^(j - 1), the generator's derivative of order
/// m + 1 is, up to sign and factor, Li_-m(x) = x P_m(x) / (1 - x)^(m + 1) with P_m the Eulerian polynomial: positive terms only.
struct Form {
    double theta;
    double log_whole = log1m_exp(-theta);   // log h(1)

    /// log(h(u) / h(1)) <= 0 at a score: near u = 1 by the distance from it.
    double log_share(double z) const {
        if (z < 0) {
            const double log_u = normal_log_cdf(z);
            return (log_u < -45 ? std::log(theta) + log_u : log1m_exp(-theta * elementary::exp(log_u))) - log_whole;
        }
        const double rest = normal_cdf(-z);
        return elementary::log1p(elementary::exp(-theta * (1 - rest) - log_whole) * elementary::expm1(-theta * rest));
    }
    /// The score where log(h(u) / h(1)) = share.
    double score(double share) const {
        const double u = -log1m_exp(share + log_whole) / theta;
        if (u < 0.5) return share < -40 ? normal_quantile_of_log(share + log_whole - std::log(theta)) : normal_quantile(u);
        return -normal_quantile(elementary::log1p(-elementary::expm1(share) * elementary::expm1(theta)) / theta);
    }
};

/// P(x) and x P'(x) of a row of scaled Eulerian numbers.
std::pair<double, double> polynomial(const std::vector<double>& row, double x) {
    double value = 0, slope = 0;
    for (std::size_t k = row.size(); k-- > 0;) {
        slope = slope * x + static_cast<double>(k) * row[k];
        value = value * x + row[k];
    }
    return {value, slope};
}

/// P(x) - P(x e^-drop), a sum of positive terms.
double polynomial_drop(const std::vector<double>& row, double x, double drop) {
    double sum = 0, power = 1;
    for (std::size_t k = 1; k < row.size(); ++k) {
        power *= x;
        sum += row[k] * power * -elementary::expm1(-static_cast<double>(k) * drop);
    }
    return sum;
}

/// Given the earlier coordinates, log x of them, -log P(U <= u) = log Li_-m(x) - log Li_-m(x e^-drop) with drop = -log_share(u):
/// concave in drop. Value and slope.
class Conditional {
public:
    Conditional(const std::vector<double>& row, std::size_t earlier, double log_x)
        : row_(row), power_(static_cast<double>(earlier)), x_(elementary::exp(log_x)), rest_(-elementary::expm1(log_x)),
          value_(polynomial(row, x_).first) {}

    std::pair<double, double> operator()(double drop) const {
        const double fall = x_ * -elementary::expm1(-drop), x = x_ * elementary::exp(-drop);
        const auto [value, slope] = polynomial(row_, x);
        const double less = polynomial_drop(row_, x_, drop) / value_;
        const double log_ratio = less < 0.5 ? -elementary::log1p(-less) : elementary::log(value_ / value);
        return {drop + log_ratio + power_ * elementary::log1p(fall / rest_), 1 + slope / value + power_ * x / (rest_ + fall)};
    }
    /// The drop where -log P = target, for one earlier coordinate: e^drop = e^target (1 - x) + x.
    double closed_root(double target) const {
        return log1p_exp(log_expm1(target) + elementary::log(rest_));
    }

private:
    const std::vector<double>& row_;
    double power_;      // earlier coordinates, m + 1
    double x_, rest_;   // rest = 1 - x
    double value_;      // P(x)
};

void to_independent(const Form& form, const std::vector<std::vector<double>>& eulerian, std::span<double> row) {
    double log_x = form.log_share(row[0]) + form.log_whole;
    for (std::size_t j = 1; j < row.size(); ++j) {
        const double share = form.log_share(row[j]);
        row[j] = normal_quantile_of_log(-Conditional(eulerian[j - 1], j, log_x)(-share).first);
        log_x += share;
    }
}

void to_dependent(const Form& form, const std::vector<std::vector<double>>& eulerian, std::span<double> row) {
    double log_x = form.log_share(row[0]) + form.log_whole;
    for (std::size_t j = 1; j < row.size(); ++j) {
        const double target = -normal_log_cdf(row[j]);
        const Conditional conditional(eulerian[j - 1], j, log_x);
        const double drop = j == 1 ? conditional.closed_root(target) : concave_root(conditional, target);
        row[j] = form.score(-drop);
        log_x -= drop;
    }
}

/// But for a constant.
double log_density(const Form& form, const std::vector<double>& row, std::span<const double> z) {
    double log_x = form.log_whole, sum = 0;
    for (const double score : z) {
        log_x += form.log_share(score);
        sum += normal_cdf(score);
    }
    return elementary::log(polynomial(row, elementary::exp(log_x)).first) - form.theta * sum -
           static_cast<double>(z.size()) * elementary::log(-elementary::expm1(log_x));
}

/// A(m, k) / m! for k < m from those of m - 1: A(m, k) = (k + 1) A(m - 1, k) + (m - k) A(m - 1, k - 1).
std::vector<double> next_eulerian(const std::vector<double>& before, std::size_t m) {
    std::vector<double> row(m, 0.0);
    for (std::size_t k = 0; k < m; ++k) {
        if (k < before.size()) row[k] += static_cast<double>(k + 1) * before[k] / static_cast<double>(m);
        if (k > 0) row[k] += static_cast<double>(m - k) * before[k - 1] / static_cast<double>(m);
    }
    return row;
}

/// (1 / t) integral of s / (e^s - 1) from 0 to t.
double debye(double t) {
    const auto integrand = [](double s) { return s == 0 ? 1.0 : s / std::expm1(s); };
    double sum = 0;
    const int panels = static_cast<int>(std::ceil(std::min(t, 40.0)));   // beyond 40 nothing is left
    const double width = std::min(t, 40.0) / panels;
    for (int k = 0; k < panels; ++k)
        sum += boost::math::quadrature::gauss<double, 15>::integrate(integrand, k * width, (k + 1) * width);
    return sum / t;
}

/// f(form of |theta|, row); where theta < 0 the second coordinate is turned around before and after.
template <class F>
void for_rows(double theta, View z, const F& f) {
    const double turn = theta < 0 ? -1 : 1;
    const Form form{std::abs(theta)};
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        row[1] *= turn;
        f(form, row);
        row[1] *= turn;
    }
}

}  // namespace

FrankCopula::FrankCopula(double theta, std::int64_t dim) : theta_(theta), dim_(dim) {
    require(std::abs(theta) <= largest_theta && theta != 0,
            "FrankCopula: theta must lie in [-300, 300] and not be 0, got ", theta);
    check_dim("FrankCopula", dim, theta > 0, theta);
    const auto d = static_cast<double>(dim);
    log_norm_ = std::lgamma(d) + (d - 1) * (std::log(std::abs(theta)) - log1m_exp(-std::abs(theta)));
    eulerian_.push_back({1.0});
    for (std::int64_t m = 1; m < dim; ++m) eulerian_.push_back(next_eulerian(eulerian_.back(), static_cast<std::size_t>(m)));
}

double FrankCopula::kendall_tau() const {
    const double t = std::abs(theta_);
    // 1 - D = t / 4 - t^2 / 36 + t^4 / 3600 - ...: for small t the difference would be lost
    const double tau = t < 0.01 ? t / 9 * (1 - t * t / 100) : 1 - 4 * (1 - debye(t)) / t;
    return std::copysign(tau, theta_);
}

FrankCopula FrankCopula::from_kendall(double tau, std::int64_t dim) {
    const double largest = FrankCopula(largest_theta, 2).kendall_tau();
    require(std::abs(tau) <= largest && tau != 0, "FrankCopula: tau must lie in [", -largest, ", ", largest,
            "] and not be 0, got ", tau);
    double low = 0, high = largest_theta;
    for (int step = 0; step < 100; ++step) {
        const double middle = 0.5 * (low + high);
        if (middle == low || middle == high) break;
        (FrankCopula(middle, 2).kendall_tau() < std::abs(tau) ? low : high) = middle;
    }
    return {std::copysign(high, tau), dim};
}

void FrankCopula::decorrelate(View z) const {
    assert(z.cols == dim());
    for_rows(theta_, z, [this](const Form& form, std::span<double> row) { to_independent(form, eulerian_, row); });
}

void FrankCopula::correlate(View z) const {
    assert(z.cols == dim());
    for_rows(theta_, z, [this](const Form& form, std::span<double> row) { to_dependent(form, eulerian_, row); });
}

void FrankCopula::add_log_density(ConstView z, std::span<double> out) const {
    assert(z.cols == dim() && out.size() == static_cast<std::size_t>(z.rows));
    const Form form{std::abs(theta_)};
    std::vector<double> row(static_cast<std::size_t>(dim()));
    for (std::int64_t i = 0; i < z.rows; ++i) {
        std::copy_n(z.row(i).data(), dim(), row.data());
        if (theta_ < 0) row[1] = -row[1];
        out[static_cast<std::size_t>(i)] += log_norm_ + log_density(form, eulerian_.back(), row);
    }
}

}  // namespace buffon

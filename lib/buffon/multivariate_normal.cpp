#include <buffon/multivariate_normal.hpp>

#include <buffon/check.hpp>
#include <buffon/linalg.hpp>
#include <buffon/names.hpp>
#include <buffon/normal_functions.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace buffon {
namespace {

void check_mean(const std::vector<double>& mean, const Matrix& covariance) {
    const auto d = static_cast<std::int64_t>(mean.size());
    require(d >= 1, "MultivariateNormal: mean must not be empty");
    for (std::size_t j = 0; j < mean.size(); ++j)
        require(std::isfinite(mean[j]), "MultivariateNormal: mean must be finite, got ", mean[j], " at ", j);
    require(covariance.rows == d && covariance.cols == d, "MultivariateNormal: covariance must have shape (", d, ", ", d,
            "), got (", covariance.rows, ", ", covariance.cols, ")");
}

void subtract(const double* x, const std::vector<double>& mean, double* out) {
    for (std::size_t j = 0; j < mean.size(); ++j) out[j] = x[j] - mean[j];
}

/// x = mean + L u.
void place(const double* u, const Matrix& factor, const std::vector<double>& mean, double* x) {
    if (x != u) std::copy(u, u + mean.size(), x);
    multiply_lower(factor, x);
    for (std::size_t j = 0; j < mean.size(); ++j) x[j] += mean[j];
}

}  // namespace

MultivariateNormal::MultivariateNormal(std::vector<double> mean, Matrix covariance, std::vector<std::string> names)
    : mean_(std::move(mean)), covariance_(std::move(covariance)) {
    check_mean(mean_, covariance_);
    factor_ = cholesky(covariance_, "MultivariateNormal", "covariance");
    names_ = checked_names("MultivariateNormal", std::move(names), dim());
    log_norm_ = -static_cast<double>(dim()) * half_log_two_pi - 0.5 * log_determinant(factor_);
}

void MultivariateNormal::log_density(ConstView x, std::span<double> out) const {
    assert(x.cols == dim() && out.size() == static_cast<std::size_t>(x.rows));
    std::vector<double> u(mean_.size());
    for (std::int64_t i = 0; i < x.rows; ++i) {
        subtract(x.row(i).data(), mean_, u.data());
        solve_lower(factor_, u.data());
        out[static_cast<std::size_t>(i)] = log_norm_ - 0.5 * sum_of_squares(u.data(), dim());
    }
}

void MultivariateNormal::to_normal(ConstView x, View u) const {
    assert(x.cols == dim() && u.cols == dim() && u.rows == x.rows);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        subtract(x.row(i).data(), mean_, u.row(i).data());
        solve_lower(factor_, u.row(i).data());
    }
}

void MultivariateNormal::from_normal(ConstView u, View x) const {
    assert(u.cols == dim() && x.cols == dim() && x.rows == u.rows);
    for (std::int64_t i = 0; i < u.rows; ++i) place(u.row(i).data(), factor_, mean_, x.row(i).data());
}

}  // namespace buffon

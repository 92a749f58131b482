#include <buffon/student_copula.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/gaussian_copula.hpp>
#include <buffon/linalg.hpp>

namespace buffon {
namespace {

double checked_df(double df) {
    require(std::isfinite(df) && df > 0, "StudentCopula: df must be positive and finite, got ", df);
    return df;
}

}  // namespace

StudentCopula::StudentCopula(Matrix correlation, double df)
    : correlation_(std::move(correlation)), factor_(cholesky(correlation_, "StudentCopula", "correlation")),
      spherical_(checked_df(df), correlation_.rows), log_det_(0.5 * log_determinant(factor_)) {
    check_unit_diagonal(correlation_, "StudentCopula");
}

StudentCopula StudentCopula::from_kendall(const Matrix& tau, double df) { return {correlation_of_kendall(tau), df}; }

StudentCopula StudentCopula::pair(std::int64_t i, std::int64_t j) const {
    return {correlation_of_pair(correlation_(i, j)), df()};
}

double StudentCopula::tail_dependence(std::int64_t i, std::int64_t j) const {
    const double rho = correlation_(i, j);
    return 2 * StudentT(df() + 1).ccdf(std::sqrt((df() + 1) * (1 - rho) / (1 + rho)));
}

void StudentCopula::to_t(View z) const {
    for (double& score : std::span(z.data, static_cast<std::size_t>(z.size()))) {
        const double t = spherical_.marginal().from_normal(score);
        score = std::isnan(t) ? t : std::clamp(t, -SphericalT::reach, SphericalT::reach);
    }
}

void StudentCopula::decorrelate(View z) const {
    assert(z.cols == dim());
    to_t(z);
    for (std::int64_t i = 0; i < z.rows; ++i) {
        solve_lower(factor_, z.row(i).data());
        spherical_.to_normal(z.row(i).data());
    }
}

void StudentCopula::correlate(View z) const {
    assert(z.cols == dim());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        spherical_.from_normal(z.row(i).data());
        multiply_lower(factor_, z.row(i).data());
        for (double& t : z.row(i)) t = spherical_.marginal().to_normal(t);
    }
}

double StudentCopula::log_density_at_t(const double* t) const {
    std::vector<double> y(t, t + dim());
    solve_lower(factor_, y.data());
    double sum = spherical_.log_density(y.data()) - log_det_;
    for (std::int64_t j = 0; j < dim(); ++j) sum -= spherical_.marginal().log_density(t[j]);
    return sum;
}

void StudentCopula::add_log_density(ConstView z, std::span<double> out) const {
    assert(z.cols == dim() && out.size() == static_cast<std::size_t>(z.rows));
    std::vector<double> t(static_cast<std::size_t>(dim()));
    for (std::int64_t i = 0; i < z.rows; ++i) {
        std::copy_n(z.row(i).data(), dim(), t.data());
        to_t({t.data(), 1, dim()});
        out[static_cast<std::size_t>(i)] += log_density_at_t(t.data());
    }
}

}  // namespace buffon

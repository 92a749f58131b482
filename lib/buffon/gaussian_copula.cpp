#include <buffon/gaussian_copula.hpp>

#include <buffon/check.hpp>
#include <buffon/linalg.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace buffon {

GaussianCopula::GaussianCopula(Matrix correlation) : correlation_(std::move(correlation)) {
    check_unit_diagonal(correlation_, "GaussianCopula");
    factor_ = cholesky(correlation_, "GaussianCopula", "correlation");
    log_det_ = log_determinant(factor_);
}

GaussianCopula GaussianCopula::pair(std::int64_t i, std::int64_t j) const {
    return GaussianCopula(correlation_of_pair(correlation_(i, j)));
}

Matrix correlation_of_kendall(const Matrix& tau) {
    Matrix out = tau;   // its diagonal is left for a constructor to judge
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t j = 0; j < out.cols; ++j)
            if (i != j) {
                require(std::abs(tau(i, j)) <= 1, "from_kendall: tau must be in [-1, 1], got ", tau(i, j));
                out(i, j) = std::sin(0.5 * std::numbers::pi * tau(i, j));
            }
    return out;
}

GaussianCopula GaussianCopula::from_kendall(const Matrix& tau) { return GaussianCopula(correlation_of_kendall(tau)); }

GaussianCopula GaussianCopula::from_spearman(const Matrix& rank_correlation) {
    Matrix correlation = rank_correlation;   // its diagonal is left for the constructor to judge
    for (std::int64_t i = 0; i < correlation.rows; ++i)
        for (std::int64_t j = 0; j < correlation.cols; ++j)
            if (i != j) correlation(i, j) = 2 * std::sin(std::numbers::pi * rank_correlation(i, j) / 6);
    return GaussianCopula(std::move(correlation));
}

void GaussianCopula::decorrelate(View z) const {
    assert(z.cols == dim());
    for (std::int64_t i = 0; i < z.rows; ++i) solve_lower(factor_, z.row(i).data());
}

void GaussianCopula::correlate(View z) const {
    assert(z.cols == dim());
    for (std::int64_t i = 0; i < z.rows; ++i) multiply_lower(factor_, z.row(i).data());
}

void GaussianCopula::add_log_density(ConstView z, std::span<double> out) const {
    assert(z.cols == dim() && out.size() == static_cast<std::size_t>(z.rows));
    std::vector<double> independent(static_cast<std::size_t>(dim()));
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto row = z.row(i);
        std::copy(row.begin(), row.end(), independent.begin());
        solve_lower(factor_, independent.data());
        out[static_cast<std::size_t>(i)] +=
            0.5 * (sum_of_squares(row.data(), dim()) - sum_of_squares(independent.data(), dim()) - log_det_);
    }
}

}  // namespace buffon

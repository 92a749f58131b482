#include <buffon/gaussian_copula.hpp>

#include <buffon/check.hpp>
#include <buffon/linalg.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace buffon {
namespace {

void check_unit_diagonal(const Matrix& correlation) {
    for (std::int64_t i = 0; i < std::min(correlation.rows, correlation.cols); ++i)
        require(std::abs(correlation(i, i) - 1) <= 1e-12, "GaussianCopula: correlation must have ones on the diagonal, got ",
                correlation(i, i), " at (", i, ", ", i, ")");
}

}  // namespace

GaussianCopula::GaussianCopula(Matrix correlation) : correlation_(std::move(correlation)) {
    check_unit_diagonal(correlation_);
    factor_ = cholesky(correlation_, "GaussianCopula", "correlation");
    log_det_ = log_determinant(factor_);
}

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

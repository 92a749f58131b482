#include <buffon/multivariate_t.hpp>

#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/linalg.hpp>
#include <buffon/names.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();

Matrix checked_scale(const std::vector<double>& location, Matrix scale) {
    const auto d = static_cast<std::int64_t>(location.size());
    require(d >= 1, "MultivariateT: location must not be empty");
    for (std::size_t j = 0; j < location.size(); ++j)
        require(std::isfinite(location[j]), "MultivariateT: location must be finite, got ", location[j], " at ", j);
    require(scale.rows == d && scale.cols == d, "MultivariateT: scale must have shape (", d, ", ", d, "), got (",
            scale.rows, ", ", scale.cols, ")");
    return scale;
}

double checked_df(double df) {
    require(std::isfinite(df) && df > 0, "MultivariateT: df must be positive and finite, got ", df);
    return df;
}

}  // namespace

MultivariateT::MultivariateT(std::vector<double> location, Matrix scale, double df, std::vector<std::string> names)
    : location_(std::move(location)), scale_(checked_scale(location_, std::move(scale))),
      factor_(cholesky(scale_, "MultivariateT", "scale")), spherical_(checked_df(df), scale_.rows),
      names_(checked_names("MultivariateT", std::move(names), scale_.rows)), log_det_(0.5 * log_determinant(factor_)) {}

std::vector<double> MultivariateT::mean() const {
    return df() > 1 ? location_ : std::vector<double>(location_.size(), none);
}

Matrix MultivariateT::covariance() const {
    Matrix out(dim(), dim(), none);
    for (std::size_t i = 0; df() > 2 && i < out.data.size(); ++i) out.data[i] = scale_.data[i] * (df() / (df() - 2));
    for (std::int64_t j = 0; df() > 1 && df() <= 2 && j < dim(); ++j) out(j, j) = infinity;
    return out;
}

void MultivariateT::log_density(ConstView x, std::span<double> out) const {
    assert(x.cols == dim() && out.size() == static_cast<std::size_t>(x.rows));
    std::vector<double> y(location_.size());
    for (std::int64_t i = 0; i < x.rows; ++i) {
        for (std::size_t j = 0; j < y.size(); ++j) y[j] = x.row(i)[j] - location_[j];
        solve_lower(factor_, y.data());
        out[static_cast<std::size_t>(i)] = spherical_.log_density(y.data()) - log_det_;
    }
}

void MultivariateT::to_normal(ConstView x, View u) const {
    assert(x.cols == dim() && u.cols == dim() && u.rows == x.rows);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto row = u.row(i);
        for (std::size_t j = 0; j < row.size(); ++j) row[j] = x.row(i)[j] - location_[j];
        solve_lower(factor_, row.data());
        spherical_.to_normal(row.data());
    }
}

void MultivariateT::from_normal(ConstView u, View x) const {
    assert(u.cols == dim() && x.cols == dim() && x.rows == u.rows);
    for (std::int64_t i = 0; i < u.rows; ++i) {
        const auto row = x.row(i);
        for (std::size_t j = 0; j < row.size(); ++j) row[j] = u.row(i)[j];
        spherical_.from_normal(row.data());
        multiply_lower(factor_, row.data());
        for (std::size_t j = 0; j < row.size(); ++j) row[j] += location_[j];
    }
}

}  // namespace buffon

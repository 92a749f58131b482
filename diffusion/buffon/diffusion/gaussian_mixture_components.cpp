/// What a Gaussian mixture is made of: its components from covariances of any kind, its classes, its moments.
#include <buffon/diffusion/gaussian_mixture.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/diffusion/gaussian_mixture_row.hpp>

namespace buffon::diffusion {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

using Vector = std::vector<double>;

bool all_finite(std::span<const double> x) {
    return std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
}

Vector normalised(Vector weights) {
    require(!weights.empty(), "GaussianMixture: weights must hold at least one number, got none");
    for (std::size_t k = 0; k < weights.size(); ++k)
        require(weights[k] > 0 && std::isfinite(weights[k]), "GaussianMixture: weights must be positive and finite, got weights[",
                k, "] = ", weights[k]);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& w : weights) w /= total;
    return weights;
}

/// @return the largest entry's size
double check_covariance(const Matrix& c, std::int64_t d, std::size_t k) {
    require(c.rows == d && c.cols == d, "GaussianMixture: covariances must have shape (d, d) = (", d, ", ", d,
            "), got covariances[", k, "] of shape (", c.rows, ", ", c.cols, ")");
    require(all_finite(c.data), "GaussianMixture: covariances must be finite, covariances[", k, "] is not");
    double largest = 0.0;
    for (const double v : c.data) largest = std::max(largest, std::abs(v));
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < i; ++j)
            require(std::abs(c(i, j) - c(j, i)) <= 1e-10 * largest,
                    "GaussianMixture: covariances must be symmetric, covariances[", k, "] has ", c(i, j), " at (", i,
                    ", ", j, ") and ", c(j, i), " at (", j, ", ", i, ")");
    return largest;
}

bool is_diagonal(const Matrix& c) {
    for (std::int64_t i = 0; i < c.rows; ++i)
        for (std::int64_t j = 0; j < c.cols; ++j)
            if (i != j && c(i, j) != 0) return false;
    return true;
}

void check_variances(const Vector& variance, double tolerance, std::size_t k) {
    const double smallest = *std::min_element(variance.begin(), variance.end());
    require(smallest >= -tolerance, "GaussianMixture: covariances must be positive semidefinite, covariances[", k,
            "] has the eigenvalue ", smallest);
}

/// Eigenvalues into `variance`, eigenvectors into the rows of `axes`. Eigenvalues that are rounding errors become 0, so
/// that a singular covariance is known to be one.
void decompose(const Matrix& c, double largest, std::size_t k, Vector& variance, Vector& axes) {
    using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::SelfAdjointEigenSolver<Table> solver(Eigen::Map<const Table>(c.data.data(), c.rows, c.cols));
    require(solver.info() == Eigen::Success, "GaussianMixture: no eigenvalues found for covariances[", k, "]");
    variance.assign(solver.eigenvalues().begin(), solver.eigenvalues().end());
    check_variances(variance, 1e-10 * largest, k);
    const double noise = static_cast<double>(c.rows) * std::numeric_limits<double>::epsilon() * variance.back();
    for (double& v : variance)
        if (v <= noise) v = 0.0;
    axes.resize(c.data.size());
    Eigen::Map<Table>(axes.data(), c.rows, c.cols) = solver.eigenvectors().transpose();
}

/// U U^T + noise^2 I: the left singular vectors of U into the rows of `axes`, their variances into `variance`.
void decompose_factor(const Matrix& u, double noise, Vector& variance, Vector& axes) {
    using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(Eigen::Map<const Table>(u.data.data(), u.rows, u.cols), Eigen::ComputeThinU);
    for (const double s : svd.singularValues()) variance.push_back(s * s + noise * noise);
    axes.resize(u.data.size());
    Eigen::Map<Table>(axes.data(), u.cols, u.rows) = svd.matrixU().transpose();
}

}  // namespace

/// The arguments that every kind of covariance shares are checked before component(k) makes one.
template <class Make>
GaussianMixture GaussianMixture::made(std::vector<double> weights, Matrix means, std::vector<std::int64_t> labels,
                                      const Make& component) {
    weights = normalised(std::move(weights));
    require(means.rows == static_cast<std::int64_t>(weights.size()) && means.cols > 0,
            "GaussianMixture: means must have shape (k, d) with k = ", weights.size(), " and d > 0, got (", means.rows,
            ", ", means.cols, ")");
    require(all_finite(means.data), "GaussianMixture: means must be finite");
    std::vector<Component> components;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        components.push_back(component(k));
        components.back().log_weight = std::log(weights[k]);
    }
    return {std::move(weights), std::move(means), std::move(components), std::move(labels)};
}

GaussianMixture::GaussianMixture(std::vector<double> weights, Matrix means, std::vector<Component> components,
                                 std::vector<std::int64_t> labels)
    : weights_(std::move(weights)), means_(std::move(means)), components_(std::move(components)),
      labels_(std::move(labels)), smallest_variance_(infinity) {
    const auto d = static_cast<std::size_t>(dim());
    Vector centre(d, 0.0);
    for (std::size_t k = 0; k < weights_.size(); ++k) add(weights_[k], &means_.data[k * d], centre.data(), d);
    for (std::size_t k = 0; k < weights_.size(); ++k) {
        const Component& c = components_[k];
        double total = static_cast<double>(d - c.variance.size()) * c.rest;
        for (const double variance : c.variance) {
            total += variance;
            smallest_variance_ = std::min(smallest_variance_, variance);
        }
        if (c.variance.size() < d) smallest_variance_ = std::min(smallest_variance_, c.rest);
        for (std::size_t j = 0; j < d; ++j) total += (means_.data[k * d + j] - centre[j]) * (means_.data[k * d + j] - centre[j]);
        scale_squared_ += weights_[k] * total / static_cast<double>(d);
    }
    split_by_class();
}

/// A diagonal covariance needs no rotation, and keeps its variances to the bit.
GaussianMixture::GaussianMixture(std::vector<double> weights, Matrix means, std::vector<Matrix> covariances,
                                 std::vector<std::int64_t> labels)
    : GaussianMixture([&] {
          const std::int64_t d = means.cols;
          const std::size_t count = weights.size();
          return made(std::move(weights), std::move(means), std::move(labels), [&](std::size_t k) {
              require(covariances.size() == count, "GaussianMixture: covariances must hold k = ", count,
                      " matrices, got ", covariances.size());
              const Matrix& c = covariances[k];
              const double largest = check_covariance(c, d, k);
              Component component;
              if (is_diagonal(c)) {
                  for (std::int64_t j = 0; j < d; ++j) component.variance.push_back(c(j, j));
                  check_variances(component.variance, 0.0, k);
              } else {
                  decompose(c, largest, k, component.variance, component.axes);
              }
              return component;
          });
      }()) {
    covariances_ = std::move(covariances);
}

GaussianMixture GaussianMixture::diagonal(std::vector<double> weights, Matrix means, const Matrix& variances,
                                          std::vector<std::int64_t> labels) {
    require(variances.rows == means.rows && variances.cols == means.cols,
            "GaussianMixture: diagonal covariances must have the shape of means, (", means.rows, ", ", means.cols,
            "), got (", variances.rows, ", ", variances.cols, ")");
    require(all_finite(variances.data), "GaussianMixture: covariances must be finite");
    return made(std::move(weights), std::move(means), std::move(labels), [&](std::size_t k) {
        Component component;
        const auto row = variances.view().row(static_cast<std::int64_t>(k));
        component.variance.assign(row.begin(), row.end());
        check_variances(component.variance, 0.0, k);
        return component;
    });
}

GaussianMixture GaussianMixture::low_rank(std::vector<double> weights, Matrix means, const std::vector<Matrix>& factors,
                                          const std::vector<double>& noise, std::vector<std::int64_t> labels) {
    const std::int64_t d = means.cols;
    const std::size_t count = weights.size();
    return made(std::move(weights), std::move(means), std::move(labels), [&](std::size_t k) {
        require(factors.size() == count, "GaussianMixture: factors must hold k = ", count, " matrices, got ", factors.size());
        require(noise.size() == count, "GaussianMixture: noise must hold k = ", count, " numbers, got ", noise.size());
        const Matrix& u = factors[k];
        require(u.rows == d && u.cols >= 1 && u.cols <= d,
                "GaussianMixture: factors must have shape (d, r) with d = ", d, " and 1 <= r <= d, got factors[", k,
                "] of shape (", u.rows, ", ", u.cols, ")");
        require(all_finite(u.data), "GaussianMixture: factors must be finite, factors[", k, "] is not");
        require(noise[k] >= 0 && std::isfinite(noise[k] * noise[k]),
                "GaussianMixture: noise must lie in [0, 1e154], got noise[", k, "] = ", noise[k]);
        Component component;
        component.rest = noise[k] * noise[k];
        decompose_factor(u, noise[k], component.variance, component.axes);
        return component;
    });
}

GaussianMixture GaussianMixture::of(Parts parts) {
    const std::size_t k = parts.weights.size(), d = static_cast<std::size_t>(parts.means.cols);
    const auto fits = [&](const Component& c) {
        const std::size_t r = c.variance.size();
        return r <= d && (c.axes.empty() ? r == d : c.axes.size() == r * d);
    };
    require(k > 0 && d > 0 && parts.means.rows == static_cast<std::int64_t>(k) && parts.components.size() == k &&
                (parts.covariances.empty() || parts.covariances.size() == k) && std::ranges::all_of(parts.components, fits),
            "GaussianMixture: parts must be of k components in d dimensions, got ", k, " weights and ", parts.means.rows,
            " means in ", d, " dimensions");
    GaussianMixture mixture(std::move(parts.weights), std::move(parts.means), std::move(parts.components),
                            std::move(parts.labels));
    mixture.covariances_ = std::move(parts.covariances);
    return mixture;
}

void GaussianMixture::split_by_class() {
    if (labels_.empty()) return;
    require(labels_.size() == weights_.size(), "GaussianMixture: labels must hold one class per component (", size(),
            "), got ", labels_.size());
    for (const std::int64_t label : labels_)
        require(label >= 0 && label < size(), "GaussianMixture: labels must lie in 0, 1, ..., without a gap, got ", label);
    const std::int64_t classes = *std::max_element(labels_.begin(), labels_.end()) + 1;
    for (std::int64_t label = 0; label < classes; ++label) {
        Vector weights;
        Matrix means(0, dim());
        std::vector<Component> components;
        for (std::size_t k = 0; k < labels_.size(); ++k) {
            if (labels_[k] != label) continue;
            weights.push_back(weights_[k]);
            const auto mean = means_.view().row(static_cast<std::int64_t>(k));
            means.data.insert(means.data.end(), mean.begin(), mean.end());
            ++means.rows;
            components.push_back(components_[k]);
        }
        require(!weights.empty(), "GaussianMixture: labels must leave no class without a component, class ", label, " has none");
        std::size_t next = 0;
        of_class_.push_back(made(std::move(weights), std::move(means), {}, [&](std::size_t) { return components[next++]; }));
    }
}

const GaussianMixture& GaussianMixture::given(std::int64_t label) const {
    require(label >= 0 && label < classes(), "GaussianMixture.given: label must lie in 0 ... ", classes() - 1, ", got ", label);
    return of_class_[static_cast<std::size_t>(label)];
}

std::vector<Matrix> GaussianMixture::covariances() const {
    if (!covariances_.empty()) return covariances_;
    const auto d = static_cast<std::size_t>(dim());
    std::vector<Matrix> out;
    for (const Component& c : components_) {
        Matrix m(dim(), dim());
        const double rest = c.variance.size() < d ? c.rest : 0.0;
        for (std::size_t j = 0; j < d; ++j) m.data[j * (d + 1)] = c.axes.empty() ? c.variance[j] : rest;
        for (std::size_t j = 0; !c.axes.empty() && j < c.variance.size(); ++j)
            for (std::size_t a = 0; a < d; ++a)
                add((c.variance[j] - rest) * c.axes[j * d + a], &c.axes[j * d], &m.data[a * d], d);
        out.push_back(std::move(m));
    }
    return out;
}

std::vector<double> GaussianMixture::variances() const {
    std::vector<double> out;
    for (const Component& c : components_) {
        const double known = std::accumulate(c.variance.begin(), c.variance.end(), 0.0);
        out.push_back((known + static_cast<double>(static_cast<std::size_t>(dim()) - c.variance.size()) * c.rest) /
                      static_cast<double>(dim()));
    }
    return out;
}

GaussianMixture::Line GaussianMixture::along(std::span<const double> direction) const {
    const auto d = static_cast<std::size_t>(dim());
    require(direction.size() == d, "GaussianMixture.along: direction must have d = ", d, " numbers, got ", direction.size());
    const double square = dot(direction.data(), direction.data(), d);
    Line out;
    for (std::size_t k = 0; k < weights_.size(); ++k) {
        const Component& c = components_[k];
        double variance = 0.0, inside = 0.0;
        for (std::size_t j = 0; j < c.variance.size(); ++j) {
            const double part = c.axes.empty() ? direction[j] : dot(&c.axes[j * d], direction.data(), d);
            variance += c.variance[j] * part * part;
            inside += part * part;
        }
        if (c.variance.size() < d) variance += c.rest * std::max(0.0, square - inside);
        out.means.push_back(dot(&means_.data[k * d], direction.data(), d));
        out.variances.push_back(variance);
    }
    return out;
}

}  // namespace buffon::diffusion

#include <buffon/diffusion/gaussian_mixture.hpp>

#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/normal_functions.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace buffon::diffusion {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

using Vector = std::vector<double>;
using ConstRow = std::span<const double>;
using MutableRow = std::span<double>;

bool all_finite(ConstRow x) {
    return std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
}

double dot(const double* a, const double* b, std::size_t d) {
    double total = 0.0;
    for (std::size_t j = 0; j < d; ++j) total += a[j] * b[j];
    return total;
}

void add(double factor, const double* a, double* out, std::size_t d) {
    for (std::size_t j = 0; j < d; ++j) out[j] += factor * a[j];
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

void check_out(const char* function, View out, std::int64_t n, std::int64_t cols) {
    require(out.rows == n && out.cols == cols, "GaussianMixture.", function, ": out must have shape (", n, ", ", cols, "), got (",
            out.rows, ", ", out.cols, ")");
}

void check_level_count(const char* function, ConstRow sigma, std::int64_t n) {
    require(sigma.size() == 1 || static_cast<std::int64_t>(sigma.size()) == n, "GaussianMixture.", function,
            ": sigma must be one number or one per row (", n, "), got ", sigma.size(), " numbers");
}

[[noreturn]] void refuse_row(const char* function, std::int64_t i, ConstRow x) {
    std::size_t j = 0;   // the entry to show: the first that is not finite, else the largest
    for (std::size_t l = 0; l < x.size() && std::isfinite(x[j]); ++l)
        if (!(std::abs(x[l]) <= std::abs(x[j]))) j = l;
    detail::refuse("GaussianMixture.", function, ": x must be finite and its log density representable, got x[", i, ", ", j,
                   "] = ", x[j]);
}

}  // namespace

struct GaussianMixture::Level {
    double sigma = -1.0;
    Vector precision;   // (k, d + 1): 1 / (variance + sigma^2) along the axes, and at the end that of the rest
    Vector log_norm;    // (k): log w_k - sum_j log(2 pi (variance_j + sigma^2)) / 2

    void set(const GaussianMixture& mixture, double level) {
        if (level == sigma) return;
        sigma = level;
        precision.clear();
        log_norm.clear();
        for (const Component& c : mixture.components_)
            log_norm.push_back(add_component(c, static_cast<std::size_t>(mixture.dim())));
    }

private:
    double add_component(const Component& c, std::size_t d) {
        double log_det = 0.0;
        for (const double variance : c.variance) {
            precision.push_back(1 / (variance + sigma * sigma));
            log_det += std::log(variance + sigma * sigma);
        }
        const std::size_t rest = d - c.variance.size();
        precision.resize(precision.size() + rest, 0.0);
        precision.push_back(rest > 0 ? 1 / (c.rest + sigma * sigma) : 0.0);
        if (rest > 0) log_det += static_cast<double>(rest) * std::log(c.rest + sigma * sigma);
        return c.log_weight - 0.5 * log_det - half_log_two_pi * static_cast<double>(d);
    }
};

/// The formulas at one row. D and the score each have their own closed form: x + sigma^2 score cancels for sigma far
/// above |x0|, and (D - x) / sigma^2 cancels as sigma -> 0.
class GaussianMixture::Row {
public:
    explicit Row(const GaussianMixture& mixture)
        : mixture_(mixture), d_(static_cast<std::size_t>(mixture.dim())), residual_(mixture.means_.data.size()),
          parts_(residual_.size()), gamma_(mixture.weights_.size()), rest_squared_(gamma_.size()), along_(d_),
          offset_(d_), centre_(d_) {}

    /// The offset from each mean, along the axes of its covariance.
    void place(const double* x) {
        x_ = x;
        for (std::size_t k = 0; k < gamma_.size(); ++k) {
            for (std::size_t j = 0; j < d_; ++j) centre_[j] = x[j] - mean(k)[j];
            to_axes(k, centre_.data(), &residual_[k * d_]);
            rest_squared_[k] = 0.0;
            if (rank(k) == d_) continue;
            for (std::size_t j = 0; j < rank(k); ++j) add(-residual_[k * d_ + j], axis(k, j), centre_.data(), d_);
            rest_squared_[k] = dot(centre_.data(), centre_.data(), d_);
        }
    }

    /// log p_sigma of the placed row, and the responsibilities; -inf if every component underflows or x is not finite.
    double log_density(const Level& level) {
        double peak = -infinity;
        for (std::size_t k = 0; k < gamma_.size(); ++k) {
            gamma_[k] = level.log_norm[k] - 0.5 * squared_distance(level, k);
            if (gamma_[k] > peak) peak = gamma_[k];
        }
        if (!(peak > -infinity)) return -infinity;
        for (double& g : gamma_) g = std::exp(g - peak);
        const double total = std::accumulate(gamma_.begin(), gamma_.end(), 0.0);
        for (double& g : gamma_) g /= total;
        return peak + std::log(total);
    }

    /// @return false where there is no density, so no answer either
    bool set_level(double sigma) {
        level_.set(mixture_, sigma);
        log_density_ = log_density(level_);
        return log_density_ > -infinity;
    }

    double log_density() const { return log_density_; }
    ConstRow gamma() const { return gamma_; }

    /// Component k's posterior mean m_k.
    void posterior_mean(std::size_t k, double* out) {
        place_offset(k);
        spectral(
            k, &residual_[k * d_], offset_.data(),
            [&](std::size_t j) { return variance_at(k, j) * precision_at(k, j); }, out);
        add(1.0, mean(k), out, d_);
    }

    /// Component k's score s_k; m_k = x + sigma^2 s_k.
    void component_score(std::size_t k, double* out) {
        place_offset(k);
        spectral(k, &residual_[k * d_], offset_.data(), [&](std::size_t j) { return -precision_at(k, j); }, out);
    }

    void denoise(MutableRow out) {
        average([this](std::size_t k, double* part) { posterior_mean(k, part); }, out.data());
    }
    void score(MutableRow out) {
        average([this](std::size_t k, double* part) { component_score(k, part); }, out.data());
    }

    /// sum_k gamma_k (axes^T diag(variance / (variance + sigma^2)) axes + u_k u_k^T), u_k = (m_k - D) / sigma.
    void jacobian(MutableRow out) {
        spread();
        std::fill(out.begin(), out.end(), 0.0);
        for (std::size_t k = 0; k < gamma_.size(); ++k) {
            if (gamma_[k] == 0) continue;
            add_shrinkage(k, out.data());
            add_square(gamma_[k], &parts_[k * d_], out.data());
        }
        for (std::size_t i = 0; i < d_; ++i)
            for (std::size_t j = 0; j < i; ++j) out[j * d_ + i] = out[i * d_ + j];
    }

    void posterior_sample(const Stream& stream, std::int64_t index, MutableRow out) {
        const std::size_t k = pick(gamma_, stream.uniform(index, 0));
        posterior_mean(k, out.data());
        const auto spread = [&](std::size_t j) { return level_.sigma * std::sqrt(variance_at(k, j) * precision_at(k, j)); };
        add_normals(k, stream, index, spread, out.data());
    }

    void forward(double sigma, const Stream& stream, std::int64_t index, MutableRow out) {
        const std::size_t k = pick(mixture_.weights_, stream.uniform(index, 0));
        std::fill(out.begin(), out.end(), 0.0);
        add_normals(k, stream, index, [&](std::size_t j) { return std::sqrt(variance_at(k, j)); }, out.data());
        for (std::size_t j = 0; j < d_; ++j) out[j] += mean(k)[j];
        for (std::size_t j = 0; j < d_; ++j) out[j] += sigma * normal(stream, index, 1 + d_ + j);
    }

private:
    static double normal(const Stream& stream, std::int64_t index, std::size_t component) {
        return normal_quantile(stream.uniform(index, static_cast<std::int64_t>(component)));
    }

    const Component& component(std::size_t k) const { return mixture_.components_[k]; }
    const double* mean(std::size_t k) const { return &mixture_.means_.data[k * d_]; }
    double variance_at(std::size_t k, std::size_t j) const { return j < rank(k) ? component(k).variance[j] : component(k).rest; }
    double precision_at(std::size_t k, std::size_t j) const { return level_.precision[k * (d_ + 1) + (j < rank(k) ? j : d_)]; }
    std::size_t rank(std::size_t k) const { return component(k).variance.size(); }
    const double* axis(std::size_t k, std::size_t j) const { return &component(k).axes[j * d_]; }

    void place_offset(std::size_t k) {   // what the axes of a low-rank covariance leave needs x - mean itself
        if (rank(k) < d_)
            for (std::size_t j = 0; j < d_; ++j) offset_[j] = x_[j] - mean(k)[j];
    }

    /// out = axes^T diag(f) axes y, f(j) of axis j, f(r) of the rest; `along` holds y along the axes.
    template <class F>
    void spectral(std::size_t k, const double* along, const double* y, const F& f, double* out) {
        if (component(k).axes.empty()) {
            for (std::size_t j = 0; j < d_; ++j) out[j] = f(j) * along[j];
            return;
        }
        const double rest = rank(k) < d_ ? f(rank(k)) : 0.0;
        for (std::size_t j = 0; j < d_; ++j) out[j] = rank(k) < d_ ? rest * y[j] : 0.0;
        for (std::size_t j = 0; j < rank(k); ++j) add((f(j) - rest) * along[j], axis(k, j), out, d_);
    }

    /// Normal numbers of standard deviation f along each axis. Where the axes leave directions out, the numbers are coordinates.
    template <class F>
    void add_normals(std::size_t k, const Stream& stream, std::int64_t index, const F& f, double* out) {
        for (std::size_t j = 0; j < d_; ++j) offset_[j] = normal(stream, index, 1 + j);
        if (rank(k) < d_) to_axes(k, offset_.data(), along_.data());
        spectral(k, rank(k) < d_ ? along_.data() : offset_.data(), offset_.data(), f, centre_.data());
        add(1.0, centre_.data(), out, d_);
    }

    void to_axes(std::size_t k, const double* y, double* out) const {
        const Vector& axes = component(k).axes;
        if (axes.empty()) std::copy_n(y, d_, out);
        else
            for (std::size_t j = 0; j < rank(k); ++j) out[j] = dot(&axes[j * d_], y, d_);
    }

    double squared_distance(const Level& level, std::size_t k) const {
        const double* p = &level.precision[k * (d_ + 1)];
        double total = 0.0;
        for (std::size_t j = 0; j < rank(k); ++j) total += residual_[k * d_ + j] * residual_[k * d_ + j] * p[j];
        return rank(k) < d_ ? total + rest_squared_[k] * p[d_] : total;
    }

    template <class Part>
    void average(const Part& part, double* out) {
        std::fill_n(out, d_, 0.0);
        for (std::size_t k = 0; k < gamma_.size(); ++k) {
            if (gamma_[k] == 0) continue;
            part(k, centre_.data());
            add(gamma_[k], centre_.data(), out, d_);
        }
    }

    /// u_k into `parts_`. From the scores, u_k = sigma (s_k - s), while sigma is small; from the means when it is large:
    /// each difference cancels on the other side, and on its own side stays exact, sigma = 0 included.
    void spread() {
        const bool small = level_.sigma * level_.sigma <= mixture_.scale_squared_;
        for (std::size_t k = 0; k < gamma_.size(); ++k)
            small ? component_score(k, &parts_[k * d_]) : posterior_mean(k, &parts_[k * d_]);
        std::fill(centre_.begin(), centre_.end(), 0.0);
        for (std::size_t k = 0; k < gamma_.size(); ++k) add(gamma_[k], &parts_[k * d_], centre_.data(), d_);
        for (std::size_t l = 0; l < parts_.size(); ++l) {
            const double offset = parts_[l] - centre_[l % d_];
            parts_[l] = small ? offset * level_.sigma : offset / level_.sigma;
        }
    }

    void add_shrinkage(std::size_t k, double* out) const {
        const Vector& axes = component(k).axes;
        const double rest = rank(k) < d_ ? gamma_[k] * component(k).rest * precision_at(k, d_) : 0.0;
        if (rank(k) < d_)
            for (std::size_t j = 0; j < d_; ++j) out[j * (d_ + 1)] += rest;
        for (std::size_t j = 0; j < rank(k); ++j) {
            const double factor = gamma_[k] * variance_at(k, j) * precision_at(k, j) - rest;
            if (axes.empty()) out[j * (d_ + 1)] += factor;
            else add_square(factor, &axes[j * d_], out);
        }
    }

    /// Adds factor u u^T to the lower triangle.
    void add_square(double factor, const double* u, double* out) const {
        for (std::size_t i = 0; i < d_; ++i) add(factor * u[i], u, out + i * d_, i + 1);
    }

    const GaussianMixture& mixture_;
    std::size_t d_;
    Level level_;
    double log_density_ = -infinity;
    Vector residual_;   // (k, d)
    Vector parts_;      // (k, d)
    Vector gamma_;      // (k)
    Vector rest_squared_;        // (k), of the offset outside the axes
    const double* x_ = nullptr;  // the placed row
    Vector along_;      // (d), coordinates along the axes
    Vector offset_;     // (d)
    Vector centre_;     // (d)
};

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

void GaussianMixture::check_sigma(const char* function, std::span<const double> sigma) const {
    for (const double s : sigma) {
        require(s >= 0 && std::isfinite(s * s), "GaussianMixture.", function, ": sigma must lie in [0, 1e154], got ", s);
        require(smallest_variance_ + s * s >= std::numeric_limits<double>::min(), "GaussianMixture.", function,
                ": sigma must be positive because a covariance is singular (no density at sigma = 0), got ", s);
    }
}

void GaussianMixture::check_x(const char* function, ConstView x) const {
    require(x.cols == dim(), "GaussianMixture.", function, ": x must have shape (n, ", dim(), "), got (", x.rows, ", ",
            x.cols, ")");
}

template <class F>
void GaussianMixture::for_rows(const char* function, ConstView x, std::span<const double> sigma, View out, std::int64_t cols,
                               int threads, const F& f) const {
    check_x(function, x);
    check_level_count(function, sigma, x.rows);
    check_sigma(function, sigma);
    check_out(function, out, x.rows, cols);
    over_rows(x.rows, threads, [this] { return Row(*this); }, [&](std::int64_t i, Row& row) {
        row.place(x.row(i).data());
        if (!row.set_level(of_row(sigma, i))) refuse_row(function, i, x.row(i));
        f(row, i, out.row(i));
    });
}

void GaussianMixture::denoise(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("denoise", x, sigma, out, dim(), threads, [](Row& row, std::int64_t, MutableRow to) { row.denoise(to); });
}

void GaussianMixture::score(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("score", x, sigma, out, dim(), threads, [](Row& row, std::int64_t, MutableRow to) { row.score(to); });
}

void GaussianMixture::log_density(ConstView x, std::span<const double> sigma, std::span<double> out, int threads) const {
    for_rows("log_density", x, sigma, View{out.data(), static_cast<std::int64_t>(out.size()), 1}, 1, threads,
             [](Row& row, std::int64_t, MutableRow to) { to[0] = row.log_density(); });
}

void GaussianMixture::responsibilities(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("responsibilities", x, sigma, out, size(), threads, [](Row& row, std::int64_t, MutableRow to) {
        std::copy(row.gamma().begin(), row.gamma().end(), to.begin());
    });
}

void GaussianMixture::jacobian(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("jacobian", x, sigma, out, dim() * dim(), threads, [](Row& row, std::int64_t, MutableRow to) { row.jacobian(to); });
}

void GaussianMixture::posterior_covariance(ConstView x, std::span<const double> sigma, View out, int threads) const {
    for_rows("posterior_covariance", x, sigma, out, dim() * dim(), threads, [&](Row& row, std::int64_t i, MutableRow to) {
        row.jacobian(to);
        const double s = of_row(sigma, i);
        for (double& v : to) v *= s * s;
    });
}

void GaussianMixture::posterior_sample(ConstView x, std::span<const double> sigma, const Stream& stream, std::int64_t first,
                                       View out, int threads) const {
    for_rows("posterior_sample", x, sigma, out, dim(), threads,
             [&](Row& row, std::int64_t i, MutableRow to) { row.posterior_sample(stream, first + i, to); });
}

void GaussianMixture::sigma_posterior(ConstView x, std::span<const double> grid, View out, int threads) const {
    const char* const function = "sigma_posterior";
    check_x(function, x);
    require(!grid.empty(), "GaussianMixture.", function, ": grid must hold at least one noise level, got none");
    check_sigma(function, grid);
    check_out(function, out, x.rows, static_cast<std::int64_t>(grid.size()));
    std::vector<Level> levels(grid.size());
    for (std::size_t j = 0; j < grid.size(); ++j) levels[j].set(*this, grid[j]);
    over_rows(x.rows, threads, [this] { return Row(*this); }, [&](std::int64_t i, Row& row) {
        row.place(x.row(i).data());   // once: the axes are those of every level
        const MutableRow p = out.row(i);
        for (std::size_t j = 0; j < levels.size(); ++j) p[j] = row.log_density(levels[j]);
        const double peak = *std::max_element(p.begin(), p.end());
        if (!(peak > -infinity)) refuse_row(function, i, x.row(i));
        for (double& v : p) v = std::exp(v - peak);
        const double total = std::accumulate(p.begin(), p.end(), 0.0);
        for (double& v : p) v /= total;
    });
}

void GaussianMixture::forward(std::span<const double> sigma, const Stream& stream, std::int64_t first, View out,
                              int threads) const {
    check_out("forward", out, out.rows, dim());
    check_level_count("forward", sigma, out.rows);
    for (const double s : sigma)
        require(s >= 0 && std::isfinite(s), "GaussianMixture.forward: sigma must be at least 0 and finite, got ", s);
    over_rows(out.rows, threads, [this] { return Row(*this); },
              [&](std::int64_t i, Row& row) { row.forward(of_row(sigma, i), stream, first + i, out.row(i)); });
}

void GaussianMixture::denoise(const Query& q, View out) const {
    by_label(q, out, [this](std::int64_t label, const Query& rows, View to) {
        (label < 0 ? *this : given(label)).denoise(rows.x, rows.sigma, to, rows.threads);
    });
}

void GaussianMixture::score(const Query& q, View out) const {
    by_label(q, out, [this](std::int64_t label, const Query& rows, View to) {
        (label < 0 ? *this : given(label)).score(rows.x, rows.sigma, to, rows.threads);
    });
}

GaussianMixture::operator Denoiser() const {
    return {dim(),
            [mixture = *this](const Query& q, View out) { mixture.denoise(q, out); },
            {.name = "GaussianMixture",
             .classes = classes(),
             .sigma_min = smallest_variance_ > 0 ? 0.0 : std::numeric_limits<double>::min(),
             .draw =
                 [mixture = *this](const Stream& stream, std::int64_t label, View out) {
                     const double data[] = {0.0};
                     (label < 0 ? mixture : mixture.given(label)).forward(data, stream, 0, out);
                 },
             .on_device = [mixture = *this](const DeviceQueue& queue) { return mixture.on_device(queue); }}};
}

}  // namespace buffon::diffusion

/// The formulas of the exact mixture denoiser at one row of x and one noise level. Not installed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {

inline double dot(const double* a, const double* b, std::size_t d) {
    double total = 0.0;
    for (std::size_t j = 0; j < d; ++j) total += a[j] * b[j];
    return total;
}

inline void add(double factor, const double* a, double* out, std::size_t d) {
    for (std::size_t j = 0; j < d; ++j) out[j] += factor * a[j];
}

struct GaussianMixture::Level {
    double sigma = -1.0;
    std::vector<double> precision;   // (k, d + 1): 1 / (variance + sigma^2) along the axes, and at the end that of the rest
    std::vector<double> log_norm;    // (k): log w_k - sum_j log(2 pi (variance_j + sigma^2)) / 2

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
        double peak = -std::numeric_limits<double>::infinity();
        for (std::size_t k = 0; k < gamma_.size(); ++k) {
            gamma_[k] = level.log_norm[k] - 0.5 * squared_distance(level, k);
            if (gamma_[k] > peak) peak = gamma_[k];
        }
        if (!(peak > -std::numeric_limits<double>::infinity())) return -std::numeric_limits<double>::infinity();
        for (double& g : gamma_) g = std::exp(g - peak);
        const double total = std::accumulate(gamma_.begin(), gamma_.end(), 0.0);
        for (double& g : gamma_) g /= total;
        return peak + std::log(total);
    }

    /// @return false where there is no density, so no answer either
    bool set_level(double sigma) {
        level_.set(mixture_, sigma);
        log_density_ = log_density(level_);
        return log_density_ > -std::numeric_limits<double>::infinity();
    }

    double log_density() const { return log_density_; }
    std::span<const double> gamma() const { return gamma_; }

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

    void denoise(std::span<double> out) {
        average([this](std::size_t k, double* part) { posterior_mean(k, part); }, out.data());
    }
    void score(std::span<double> out) {
        average([this](std::size_t k, double* part) { component_score(k, part); }, out.data());
    }

    /// sum_k gamma_k (axes^T diag(variance / (variance + sigma^2)) axes + u_k u_k^T), u_k = (m_k - D) / sigma.
    void jacobian(std::span<double> out) {
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

    void posterior_sample(const Stream& stream, std::int64_t index, std::span<double> out) {
        const std::size_t k = pick(gamma_, stream.uniform(index, 0));
        posterior_mean(k, out.data());
        const auto spread = [&](std::size_t j) { return level_.sigma * std::sqrt(variance_at(k, j) * precision_at(k, j)); };
        add_normals(k, stream, index, spread, out.data());
    }

    void forward(double sigma, const Stream& stream, std::int64_t index, std::span<double> out) {
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
        const std::vector<double>& axes = component(k).axes;
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
        const std::vector<double>& axes = component(k).axes;
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
    double log_density_ = -std::numeric_limits<double>::infinity();
    std::vector<double> residual_;   // (k, d)
    std::vector<double> parts_;      // (k, d)
    std::vector<double> gamma_;      // (k)
    std::vector<double> rest_squared_;        // (k), of the offset outside the axes
    const double* x_ = nullptr;  // the placed row
    std::vector<double> along_;      // (d), coordinates along the axes
    std::vector<double> offset_;     // (d)
    std::vector<double> centre_;     // (d)
};

}  // namespace buffon::diffusion

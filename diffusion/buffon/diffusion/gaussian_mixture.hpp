/// The exact denoiser of a Gaussian mixture p_0 = sum_k w_k N(mean_k, covariance_k): everything about x = x0 + sigma eps,
/// x0 ~ p_0, eps ~ N(0, I), in closed form. Component k of the law of x is N(mean_k, covariance_k + sigma^2 I).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// In every function x is (n, d); sigma holds one noise level for all rows or one per row; `out` is the caller's.
/// A row of the answer depends on that row alone: bits depend neither on the batch nor on `threads` (0: all there are).
/// sigma = 0 is allowed where no covariance is singular.
/// @throw std::invalid_argument for a wrong shape, a noise level that is negative or not finite or 0 with a singular
/// covariance, and a row of x that is not finite or so far out that the density's logarithm overflows.
class GaussianMixture {
public:
    /// @param weights (k): positive; normalised here.   @param means (k, d)
    /// @param covariances k times (d, d): symmetric positive semidefinite.
    /// @param labels (k): class 0, 1, ... of each component; empty: unconditional.   @throw std::invalid_argument
    /// naming the defect.
    GaussianMixture(std::vector<double> weights, Matrix means, std::vector<Matrix> covariances,
                    std::vector<std::int64_t> labels = {});
    /// Covariances diag(variances_k), variances (k, d) >= 0. No (d, d) is built.
    static GaussianMixture diagonal(std::vector<double> weights, Matrix means, const Matrix& variances,
                                    std::vector<std::int64_t> labels = {});
    /// Covariances U_k U_k^T + noise_k^2 I, factors k times U (d, r), r <= d. No (d, d) is built, a row costs O(k d r).
    static GaussianMixture low_rank(std::vector<double> weights, Matrix means, const std::vector<Matrix>& factors,
                                    const std::vector<double>& noise, std::vector<std::int64_t> labels = {});
    /// covariance = axes^T diag(variance) axes + rest (I - axes^T axes): row j of `axes` is the j-th of r eigenvectors; empty
    /// stands for the identity.
    struct Component {
        double log_weight = 0.0;
        std::vector<double> variance;   // (r)
        std::vector<double> axes;       // (r, d)
        double rest = 0.0;              // variance along every other direction, where r < d
    };
    /// All that it consists of; `of` makes it again from these, to the bit.
    struct Parts {
        std::vector<double> weights;            // normalised
        Matrix means;
        std::vector<Matrix> covariances;        // as given; empty where no (d, d) was
        std::vector<Component> components;
        std::vector<std::int64_t> labels;
    };
    Parts parts() const { return {weights_, means_, covariances_, components_, labels_}; }
    /// @throw std::invalid_argument where their sizes do not fit.
    static GaussianMixture of(Parts parts);

    std::int64_t dim() const { return means_.cols; }
    std::int64_t size() const { return means_.rows; }
    const std::vector<double>& weights() const { return weights_; }
    const Matrix& means() const { return means_; }
    std::vector<Matrix> covariances() const;   // k times (d, d)
    /// (k): variance of each component, averaged over the coordinates.
    std::vector<double> variances() const;
    /// The law of direction' x, x ~ p_0: means and variances of its k components on the line. No (d, d) is built.
    struct Line {
        std::vector<double> means, variances;   // (k)
    };
    Line along(std::span<const double> direction) const;
    const std::vector<std::int64_t>& labels() const { return labels_; }
    std::int64_t classes() const { return static_cast<std::int64_t>(of_class_.size()); }
    /// The mixture of the components of one class.   @throw std::invalid_argument for no class.
    const GaussianMixture& given(std::int64_t label) const;
    /// Itself, for samplers; shares nothing with *this.
    operator Denoiser() const;

    /// E[x0 | x], row by row given its class where there is one; out: (n, d).
    void denoise(const Query& query, View out) const;
    void score(const Query& query, View out) const;
    /// E[x0 | x]; out: (n, d).
    void denoise(ConstView x, std::span<const double> sigma, View out, int threads = 0) const;
    /// Gradient of log p_sigma at x; out: (n, d).
    void score(ConstView x, std::span<const double> sigma, View out, int threads = 0) const;
    /// log p_sigma(x); out: (n).
    void log_density(ConstView x, std::span<const double> sigma, std::span<double> out, int threads = 0) const;
    /// P(x0 came from component k | x); out: (n, k).
    void responsibilities(ConstView x, std::span<const double> sigma, View out, int threads = 0) const;
    /// Derivative of the denoiser: d E[x0 | x]_i / d x_j, symmetric; out: (n, d * d).
    void jacobian(ConstView x, std::span<const double> sigma, View out, int threads = 0) const;
    /// Cov[x0 | x] = sigma^2 jacobian; out: (n, d * d).
    void posterior_covariance(ConstView x, std::span<const double> sigma, View out, int threads = 0) const;
    /// Row i is a draw of x0 given x_i at index `first` + i of the stream: component 0 picks the mixture's component,
    /// 1 ... d are the normals. Use another stream than the one that made x; out: (n, d).
    void posterior_sample(ConstView x, std::span<const double> sigma, const Stream& stream, std::int64_t first, View out,
                          int threads = 0) const;
    /// P(sigma = grid_j | x) when sigma is drawn uniformly from the nodes of `grid`; on a geometric grid that is the
    /// log-uniform law of Denoising MCMC (arXiv:2209.14593). out: (n, m).
    void sigma_posterior(ConstView x, std::span<const double> grid, View out, int threads = 0) const;
    /// Rows of x0 + sigma eps, sigma >= 0, at indices `first`, `first` + 1, ...: component 0 picks the mixture's
    /// component, 1 ... d make x0 and d + 1 ... 2 d make eps, so x0 is the same for every sigma. out: (n, d).
    void forward(std::span<const double> sigma, const Stream& stream, std::int64_t first, View out, int threads = 0) const;

private:
    struct Level;   // one noise level, for all components
    class Row;      // one row of x at one noise level

    GaussianMixture(std::vector<double> weights, Matrix means, std::vector<Component> components,
                    std::vector<std::int64_t> labels);
    template <class Make>
    static GaussianMixture made(std::vector<double> weights, Matrix means, std::vector<std::int64_t> labels,
                                const Make& component);
    struct Kept;        // on a device
    struct OnDevices;
    static std::shared_ptr<OnDevices> no_devices();
    std::shared_ptr<const Kept> put_on(const DeviceQueue& queue) const;
    DeviceFunction on_device(const DeviceQueue& queue) const;
    void split_by_class();
    void check_x(const char* function, ConstView x) const;
    void check_sigma(const char* function, std::span<const double> sigma) const;
    /// f(row, i, out.row(i)) for each row i of x, placed at its noise level; `cols` are the columns that out must have.
    template <class F>
    void for_rows(const char* function, ConstView x, std::span<const double> sigma, View out, std::int64_t cols, int threads,
                  const F& f) const;

    std::shared_ptr<OnDevices> devices_ = no_devices();
    std::vector<double> weights_;
    Matrix means_;
    std::vector<Matrix> covariances_;         // as given; empty where no (d, d) was
    std::vector<Component> components_;
    std::vector<std::int64_t> labels_;
    std::vector<GaussianMixture> of_class_;   // one per class; empty: unconditional
    double smallest_variance_ = 0.0;   // of any component along any axis; 0 if a covariance is singular
    double scale_squared_ = 0.0;       // variance of the mixture, averaged over the coordinates
};

}  // namespace buffon::diffusion

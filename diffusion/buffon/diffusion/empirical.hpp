/// The ideal denoiser of a finite data set: p_0 = sum_i a_i N(y_i, bandwidth^2 I), a point mass at each y_i where the bandwidth
/// is 0. Of x = x0 + sigma eps the posterior weights are softmax_i(log a_i - |x - y_i|^2 / (2 v)), v = sigma^2 + bandwidth^2, and
/// E[x0 | x] = (sigma^2 sum_i w_i y_i + bandwidth^2 x) / v. It is what a network of unlimited capacity learns from the data.
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

struct EmpiricalOptions {
    std::vector<double> weights = {};         // (m), positive; normalised; empty: equal ones
    double bandwidth = 0.0;                   // standard deviation of the kernel around each point
    std::vector<std::int64_t> labels = {};    // (m): class 0, 1, ... of each point; empty: unconditional
    bool single = false;                      // distances and weights in float32: twice as fast, about 1e-6 of the data's size
};

/// In every function a query holds x (n, d), sigma >= 0 (one, or one per row) and where the points have labels a class per
/// row, -1 for none: then only the points of that class count. sigma = 0 with bandwidth 0 gives the nearest point.
/// A row of the answer depends on that row alone: bits depend neither on the batch nor on threads. Memory is that of the data,
/// three times; nothing of size n x m is stored unless it is what is asked for.
/// @throw std::invalid_argument for a wrong shape, level or label, and a row of x that is not finite or too far out.
class Empirical {
public:
    /// @param points (m, d)   @throw std::invalid_argument naming the defect.
    explicit Empirical(Matrix points, EmpiricalOptions options = {});

    std::int64_t dim() const;
    std::int64_t size() const;
    std::int64_t classes() const;
    double bandwidth() const;
    bool single() const;
    Matrix points() const;                    // as given
    std::vector<double> weights() const;      // normalised
    std::vector<std::int64_t> labels() const; // empty: unconditional
    EmpiricalOptions options() const;         // as given: with them the points make it again, to the bit
    /// Itself, for samplers; shares the points.
    operator Denoiser() const;

    /// E[x0 | x]; out: (n, d).
    void denoise(const Query& query, View out) const;
    /// Gradient of log p_sigma at x, without the cancellation of (D - x) / sigma^2 where there is a bandwidth; out: (n, d).
    void score(const Query& query, View out) const;
    /// log p_sigma(x), of the class where one is asked for; out: (n).
    void log_density(const Query& query, std::span<double> out) const;
    /// P(x0 came from point i | x); out: (n, m).
    void responsibilities(const Query& query, View out) const;
    /// The k largest of them, falling, and the numbers of their points, both (n, k); equal ones in the order of the points.
    void top_k(const Query& query, View out, std::span<std::int64_t> points) const;
    /// Derivative of the denoiser, Cov[x0 | x] / sigma^2, symmetric; out: (n, d * d). sigma > 0 without bandwidth.
    void jacobian(const Query& query, View out) const;
    void posterior_covariance(const Query& query, View out) const;
    /// Row i is a draw of x0 given x_i at index `first` + i of the stream: component 0 picks the point, 1 ... d are the normals.
    void posterior_sample(const Query& query, const Stream& stream, std::int64_t first, View out) const;
    /// P(sigma = grid_j | x) when sigma is drawn uniformly from the nodes of `grid`; `query.sigma` is not read. out: (n, grid).
    void sigma_posterior(const Query& query, std::span<const double> grid, View out) const;
    /// Rows of x0 + sigma eps, at indices `first`, `first` + 1, ...: component 0 picks the point, 1 ... d make x0 and
    /// d + 1 ... 2 d make eps, so x0 is the same for every sigma. `query.x` is not read. out: (n, d).
    void forward(const Query& query, const Stream& stream, std::int64_t first, View out) const;

private:
    struct Data;
    class Row;
    struct OnDevices;
    static std::shared_ptr<OnDevices> no_devices();
    DeviceFunction on_device(const DeviceQueue& queue) const;
    void check(const char* function, const Query& query, View out, std::int64_t cols, bool density) const;
    template <class F>
    void over_averages(const Query& query, const F& f) const;
    template <class F>
    void over_weights(const Query& query, const F& f) const;

    std::shared_ptr<const Data> data_;
    std::shared_ptr<OnDevices> devices_ = no_devices();
};

}  // namespace buffon::diffusion

/// What a Markov chain on (x, sigma) asks of a model of x = x0 + sigma eps: the denoiser, and what exact models know in
/// closed form.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <variant>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/empirical.hpp>
#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// In every function x is (n, d) and sigma holds a noise level for each row; `threads` as in Query. Empty: the model
/// does not know.
struct ChainTarget {
    Denoiser denoiser;
    std::int64_t label = -1;   // the class that the closed forms below are given; -1: none

    /// Gradient of log p_sigma at x without cancellation, (n, d). Empty: (E[x0 | x] - x) / sigma^2.
    std::function<void(ConstView x, std::span<const double> sigma, View out, int threads)> score = {};
    /// log p_sigma(x), (n).
    std::function<void(ConstView x, std::span<const double> sigma, std::span<double> out, int threads)> log_density = {};
    /// P(sigma = grid_j | x) for levels that are equally probable before, (n, grid).
    std::function<void(ConstView x, std::span<const double> grid, View out, int threads)> sigma_posterior = {};
    /// Draws of x0 given x, row i at index i of the stream, (n, d).
    std::function<void(ConstView x, std::span<const double> sigma, const Stream& stream, View out, int threads)>
        posterior_sample = {};
    /// P(x0 is of mode k | x), (n, modes): components of a mixture, classes of a data set.
    std::int64_t modes = 0;
    std::function<void(ConstView x, std::span<const double> sigma, View out, int threads)> mode_probabilities = {};
    /// The closed forms on a device: score, log density, modes and levels of a query (device_denoiser.hpp).
    std::function<DeviceFunction(const DeviceQueue&)> on_device = {};
};

/// Everything, of one class or of all.   @throw std::invalid_argument for no class.
ChainTarget chain_target(const GaussianMixture& model, std::int64_t label = -1);
ChainTarget chain_target(const Empirical& model, std::int64_t label = -1);
/// The denoiser alone.
ChainTarget chain_target(const Denoiser& model, std::int64_t label = -1);

using ChainModel = std::variant<GaussianMixture, Empirical, Denoiser>;
ChainTarget chain_target(const ChainModel& model, std::int64_t label = -1);

}  // namespace buffon::diffusion

/// Chains whose law is known before the first step: x0 + sigma eps of a mixture, with sigma from the prior.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <buffon/diffusion/chain_step.hpp>
#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/rows.hpp>
#include <buffon/stream.hpp>

namespace chains {

using namespace buffon::diffusion;
using buffon::ConstView;
using buffon::Matrix;
using buffon::Stream;

/// Eight elongated modes on a circle of radius 4 with masses k / 36.
inline GaussianMixture gmm2d() {
    Matrix means(8, 2);
    std::vector<Matrix> covariances;
    std::vector<double> weights;
    for (int k = 0; k < 8; ++k) {
        const double angle = 2 * std::acos(-1.0) * k / 8, c = std::cos(angle), s = std::sin(angle);
        weights.push_back(k + 1);
        means(k, 0) = 4 * c;
        means(k, 1) = 4 * s;
        Matrix covariance(2, 2);
        covariance(0, 0) = 0.09 * c * c + 0.01 * s * s;
        covariance(1, 1) = 0.09 * s * s + 0.01 * c * c;
        covariance(0, 1) = covariance(1, 0) = (0.09 - 0.01) * c * s;
        covariances.push_back(covariance);
    }
    return {weights, means, covariances};
}

/// n exact draws of (x, sigma).
inline ChainState exact(const ChainKernel& kernel, const GaussianMixture& model, std::int64_t n, std::uint64_t key) {
    std::vector<double> sigma;
    for (std::int64_t i = 0; i < n; ++i)
        sigma.push_back(kernel.prior().levels[pick(kernel.prior().weights, Stream{key, 1}.uniform(i, 0))]);
    Matrix x(n, model.dim());
    model.forward(sigma, {key, 2}, 0, x);
    return kernel.start(std::move(x), std::move(sigma));
}

/// A mean over rows beside its expectation, in standard errors.
inline double z_score(const std::vector<double>& values, double expected = 0.0) {
    double mean = 0.0, square = 0.0;
    const double n = static_cast<double>(values.size());
    for (const double v : values) mean += v / n;
    for (const double v : values) square += (v - mean) * (v - mean);
    return (mean - expected) / std::sqrt(square / (n - 1) / n);
}

}  // namespace chains

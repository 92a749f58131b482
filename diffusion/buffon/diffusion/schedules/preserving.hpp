/// Where alpha^2 + sigma^2 = 1: sigma and lambda from log alpha, and back, without cancellation at either end. Not installed.
#pragma once

#include <algorithm>
#include <cmath>

namespace buffon::diffusion::detail {

// expm1: 1 - alpha^2 loses all digits as alpha -> 1
inline double sigma_of(double log_alpha) { return std::sqrt(-std::expm1(2 * log_alpha)); }

inline double lambda_of(double log_alpha) { return log_alpha - 0.5 * std::log(-std::expm1(2 * log_alpha)); }

/// log alpha = -log(1 + e^(-2 lambda)) / 2, without overflow.
inline double log_alpha_of(double lambda) {
    return -0.5 * (std::max(-2 * lambda, 0.0) + std::log1p(std::exp(-2 * std::abs(lambda))));
}

}  // namespace buffon::diffusion::detail

/// Limit states of the reliability literature with known failure probabilities, beside those of testing.hpp.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/testing.hpp>

namespace buffon::testing {

/// P(b - v - kappa (u - e)^2 < 0) of standard normal x in `dim` inputs, with the score: a parabola with two design
/// points that are
/// nearly alike. v = (x1 + ... + xd) / sqrt(d), u = (x1 - x2) / sqrt(2): independent standard normal.
/// Der Kiureghian and Dakessian, Struct. Saf. 20 (1998): b = 5, kappa = 0.5, e = 0.1, two inputs, 3.02e-3.
/// @throw std::invalid_argument for dim < 2.
KnownProblem parabolic(std::int64_t dim = 2, double b = 5, double kappa = 0.5, double e = 0.1);

/// P(3 r < |2 F / (m w^2) sin(w t / 2)|), w^2 = (c1 + c2) / m: a non-linear oscillator under a rectangular pulse, with the score.
/// Normal m (1, 0.05), c1 (1, 0.1), c2 (0.1, 0.01), r (0.5, 0.05), F (`force`, `force_sd`), t (1, 0.2).
/// Echard, Gayton, Lemaire, Relun, Reliab. Eng. Syst. Saf. 111 (2013): F (0.6, 0.1) 9.09e-6, F (0.45, 0.075) 1.55e-8.
/// @throw std::invalid_argument unless force_sd > 0.
KnownProblem oscillator(double force = 0.6, double force_sd = 0.1);

/// P(u_i > beta_i for some i), a series system, or for all i where `parallel`: k components with equally correlated
/// standard normal
/// u_i = sqrt(rho) x_0 + sqrt(1 - rho) x_i, in `dim` standard normal inputs, with the score: the largest, or the
/// smallest, u_i - beta_i.
/// Dunnett and Sobel, Biometrika 42 (1955): independent given x_0. Zero correlation: the inputs are x_1 ... x_k alone.
/// @throw std::invalid_argument unless there are components, 0 <= correlation < 1, and dim > k (k without correlation).
KnownProblem component_system(std::int64_t dim, std::vector<double> betas, double correlation = 0.0, bool parallel = false);

}  // namespace buffon::testing

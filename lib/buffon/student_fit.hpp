/// Multivariate Student laws fitted to weighted points: weighted maximum likelihood with known degrees of freedom. Not installed.
/// Source: EM of Lange, Little, Taylor (1989), accelerated by Kent, Tyler, Vardi (1994): a point at squared Mahalanobis
/// distance D counts u = (nu + d) / (nu + D) <= 1 + d / nu times, in both sums and in their divisor.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <buffon/gaussian_fit.hpp>
#include <buffon/gaussians.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// weights_i u_i of the rows of z (n, d) under a Student law. Of a Gaussian: the weights.
std::vector<double> student_weights(ConstView z, std::span<const double> weights, const Gaussian& law);

/// Location and scale matrix with options.degrees, finite, by steps from the weighted mean and covariance. None when a scale
/// matrix cannot be factored. Shrinkage and jitter act inside each step, as in fit_gaussian.
std::optional<Gaussian> fit_student(ConstView z, std::span<const double> weights, const FitOptions& options);

}  // namespace buffon

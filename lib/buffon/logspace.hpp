/// Importance weights from their logarithms: sums, effective size, tail diagnosis.
/// Source: Kong (1992) for the effective size; Vehtari, Simpson, Gelman, Yao, Gabry (2024) and Zhang & Stephens (2009) for k-hat.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace buffon {

/// log(sum exp(x_i)); -inf for an empty span or when all are -inf; +inf if one is.
double log_sum_exp(std::span<const double> x);

/// (sum w)^2 / sum w^2 for weights w >= 0; 0 when all vanish.
double effective_size(std::span<const double> weights);

/// Shape of the generalised Pareto law of the largest weights: below 0.5 the weights have a variance, above 0.7 an
/// estimate from them cannot be trusted. No value for fewer than 25 weights, or a constant or vanishing tail.
std::optional<double> pareto_k(std::span<const double> weights);

}  // namespace buffon

/// Gaussian mixture sum_k w_k N(mean_k, covariance_k).
/// The map to normal space is Rosenblatt's: coordinate j given the earlier ones is a univariate normal mixture.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/multivariate_normal.hpp>
#include <buffon/support.hpp>
#include <buffon/view.hpp>

namespace buffon {

class Mixture {
public:
    /// Weights are positive and are normalised; components have one dimension. Names are those of the first component.
    /// @throw std::invalid_argument naming the defect.
    Mixture(std::vector<double> weights, std::vector<MultivariateNormal> components);

    std::int64_t dim() const { return components_.front().dim(); }
    const std::vector<std::string>& names() const { return components_.front().names(); }
    const std::vector<double>& weights() const { return weights_; }
    const std::vector<MultivariateNormal>& components() const { return components_; }
    Support support(std::int64_t) const { return {}; }
    std::vector<double> mean() const;
    Matrix covariance() const;

    void log_density(ConstView x, std::span<double> out) const;
    void to_normal(ConstView x, View u) const;
    /// The root is found in normal space: the error in u is about 1e-14, in far tails too.
    void from_normal(ConstView u, View x) const;

private:
    std::vector<double> weights_;
    std::vector<double> log_weights_;
    std::vector<MultivariateNormal> components_;
    Matrix log_scales_;   // (K, d): logarithms of the diagonals of the factors
};

}  // namespace buffon

/// Piecewise uniform law: probability weights[i] spread evenly between edges[i] and edges[i + 1].
#pragma once

#include <memory>
#include <vector>

#include <buffon/support.hpp>

namespace buffon {

/// Cheap to copy; immutable. At an edge the density is that of the bin above, at the last edge that of the last bin.
class Histogram {
public:
    /// @param edges  (k + 1), ascending.
    /// @param weights  (k) probabilities of the bins (not densities); they are divided by their sum. Zero empties a bin.
    /// @throw std::invalid_argument for fewer than two edges, edges that are not finite or do not ascend, another number of
    ///        weights than of bins, negative or infinite weights, or none positive.
    Histogram(std::vector<double> edges, std::vector<double> weights);

    double log_density(double x) const;
    double cdf(double x) const;
    double ccdf(double x) const;
    double quantile(double p) const;
    double upper_quantile(double p) const;
    /// -inf and +inf at the ends of the support and beyond.
    double to_normal(double x) const;
    double from_normal(double z) const;
    double mean() const;
    double variance() const;
    /// From the first to the last bin with a positive weight.
    Support support() const;

    const std::vector<double>& edges() const;
    /// Normalised: their sum is 1.
    const std::vector<double>& weights() const;

private:
    struct Bins;
    double at(double p, double q) const;

    std::shared_ptr<const Bins> bins_;
};

}  // namespace buffon

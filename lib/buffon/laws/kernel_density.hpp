/// Kernel density of measured points: the mean of normal laws around them, with one bandwidth.
/// Source: Silverman, Density Estimation (1986); bandwidth: Sheather, Jones, J. R. Stat. Soc. B 53 (1991).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <buffon/support.hpp>

namespace buffon {

/// Cheap to copy; immutable. Between bounds the kernels are reflected at them, so that nothing is lost there.
/// More than 400 points are gathered on a grid an eighth of a bandwidth apart, each shared by its neighbours there;
/// this widens the
/// kernels by less than 0.3 %. A density or cdf costs a sum over the kernels within 39 bandwidths. from_normal and the
/// quantiles read a table of the law,
/// made once at their first call (some hundred cdfs per unit of the score), where the law is smooth enough for one, and solve
/// where it is not, beside a bound, and beyond scores of +-8.5.
class KernelDensity {
public:
    static constexpr std::size_t most_centres = 400;

    /// @param points (n), n >= 1, finite, inside the bounds.  @param bandwidth  of the kernels: standard deviation of each, > 0.
    /// @throw std::invalid_argument naming the defect.
    KernelDensity(std::vector<double> points, double bandwidth, double lower = -std::numeric_limits<double>::infinity(),
                  double upper = std::numeric_limits<double>::infinity());

    double log_density(double x) const;
    double cdf(double x) const;
    double ccdf(double x) const;
    double quantile(double p) const;
    double upper_quantile(double p) const;
    /// -inf and +inf at the bounds and beyond.
    double to_normal(double x) const;
    double from_normal(double z) const;
    double mean() const;
    double variance() const;
    Support support() const;

    /// Ascending.
    const std::vector<double>& points() const;
    double bandwidth() const;

private:
    struct Core;
    std::shared_ptr<const Core> core_;
};

/// 0.9 min(standard deviation, interquartile range / 1.34) n^(-1/5): right for a normal law, too wide for several peaks.
/// @throw std::invalid_argument for fewer than two points, or points that are all equal.
double silverman_bandwidth(std::span<const double> points);

/// The plug-in rule that solves for the bandwidth, on a grid of 2,048 bins. Follows peaks that Silverman's rule smooths away.
double sheather_jones_bandwidth(std::span<const double> points);

}  // namespace buffon

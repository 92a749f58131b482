/// Gaussian (or Student) laws and mixtures fitted to weighted points: cross-entropy = weighted maximum likelihood. Not installed.
/// Source: shrinkage of Schaefer & Strimmer (2005) with the effective size of the weights; EM of Dempster, Laird, Rubin (1977).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <buffon/gaussians.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct FitOptions {
    bool shrink = true;             // towards uncorrelated coordinates with equal variances, as far as the effective size asks
    bool diagonal = false;          // no covariances at all
    double relative_jitter = 1e-4;  // of the mean variance, added to all; only sensible in standardised coordinates
    double absolute_jitter = 0.0;
    bool random_start = false;      // EM: centres at random points (else k-means++, the best of three)
    double degrees = std::numeric_limits<double>::infinity();   // of freedom: finite for Student laws, see student_fit.hpp
    int threads = 1;                // of fit_gaussians
};

struct WeightedMoments {
    double mass = 0;            // sum of the weights
    std::vector<double> mean;   // (d)
    Matrix covariance;          // (d, d), of the weighted points themselves: divided by the mass
};

/// Of the rows of z (n, d) for each column of weights (n, P) >= 0: one pass over the points for all. Where a column vanishes
/// the mass is 0 and mean and covariance are none.
std::vector<WeightedMoments> weighted_moments(ConstView z, ConstView weights, int threads = 1);

/// L with L L' = s + jitter I; the jitter, at first that of the options, grows tenfold, twelve times at most, until there is one.
std::optional<Matrix> factor_with_jitter(Matrix s, const FitOptions& options);

/// Weighted mean and covariance of the rows of z (n, d), with options.degrees as they are. None when the covariance cannot be
/// factored even with much jitter.
std::optional<Gaussian> fit_gaussian(ConstView z, std::span<const double> weights, const FitOptions& options);

/// One Gaussian for each column of weights (n, P), whose effective sizes are given: one pass over the points for all.
std::vector<std::optional<Gaussian>> fit_gaussians(ConstView z, ConstView weights, std::span<const double> effective_sizes,
                                                   const FitOptions& options);

struct FittedComponent {
    double share;   // of the total weight
    Gaussian law;
};

/// A mixture of at most `components` such laws; components that die are dropped. Randomness: the start, from `stream`.
std::vector<FittedComponent> fit_mixture(ConstView z, std::span<const double> weights, std::int64_t components,
                                         const FitOptions& options, const Stream& stream);

}  // namespace buffon

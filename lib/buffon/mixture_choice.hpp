/// Gaussian mixtures of as many components as the weighted points can tell apart. Not installed.
/// The search runs along the directions in which the points differ from noise (frame.hpp), by EM from k-means++ seeds, and the
/// number of components has the least weighted Bayesian information criterion -2 e L + K (1 + r + r (r + 1) / 2) log e with e
/// the effective size and r directions.  Source: Schwarz (1978); Arthur and Vassilvitskii (2007).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <buffon/gaussian_fit.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Components of fewer than `below` effective points are in no direction narrower than this variance.
struct Least {
    double variance = 0;
    double below = std::numeric_limits<double>::infinity();
};

/// A mixture of 1 to `most` Gaussians for the rows of z (n, d) with these weights >= 0; none without weight. Coordinates are
/// those in which the input law is standard. Components have a least variance where the points are on their way to a rarer
/// event, and the next ones must reach ahead, or too few to say how far it goes. Randomness: the starts, from `stream`.
std::vector<FittedComponent> choose_mixture(ConstView z, std::span<const double> weights, std::int64_t most, const Stream& stream,
                                            const Least& least = {});

/// One Gaussian about all of the points, in no direction narrower than the input law: its tails bound what the components of
/// a mixture, fitted to few points, leave out.
std::optional<Gaussian> umbrella(ConstView z, std::span<const double> weights);

}  // namespace buffon

/// Looking for further regions of a rare event beyond those that components lead to. Not installed.
/// In many dimensions the points of one region drown the way to a rarer one: weights that its score has smoothed keep to the
/// region that is nearest. So the points beyond - at an obtuse angle to all centres found - are ranked among themselves: there
/// the nearer region shows no longer, and given its direction the others lie as they do without.
/// Source: conditional levels of Au and Beck (2001); the index Phi^{-1}(1 - P) is linear in the score of a linear limit state.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/gaussian_fit.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Of one expectation at the points of a pool, (n) each: weights w = f / h, scores s, integrands r = phi w.
struct ScoredSummands {
    std::vector<double> w, s, r;
};

/// What lies beyond the components found so far.
struct Beyond {
    std::vector<double> weights;   // (n) 0 at rows that are not beyond; r, or w smoothed by the score while hits are few
    double hits = 0;               // effective number of hits among them
    double mass = 0;               // mean of r over all rows, of the hits
    double reach = 0;              // largest probability that s > 0 beyond may have, by its scores so far
    bool seen = false;             // enough hits: the weights are r
};

/// z (n, d) in standard normal coordinates. A component about the origin leads everywhere, and nothing is beyond it.
/// @param need  effective number of points that a fit asks for.
Beyond beyond(ConstView z, ScoredSummands points, const std::vector<Gaussian>& found, double need);

/// w Phi(s / sigma) with the smallest sigma in (0, 4 sd(s)] whose effective size is `need`: a rare event seen from afar.
std::vector<double> smoothed(std::span<const double> w, std::span<const double> s, double need);

/// P(s > 0) by the points so far: from the index at two levels on a straight line, which a number of standard errors lowers.
double extrapolated(std::span<const double> w, std::span<const double> s, double errors);

}  // namespace buffon

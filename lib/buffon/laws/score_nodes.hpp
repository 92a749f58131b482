/// Expectations of functions of a standard normal score, E[g(Z)] by weighted sums. Not installed.
#pragma once

#include <vector>

#include <buffon/laws/univariate.hpp>

namespace buffon {

struct ScoreNodes {
    std::vector<double> z;
    std::vector<double> weight;   // includes the normal density
};

/// Scores where from_normal of the law is not smooth, in ascending order: between them it is analytic.
std::vector<double> score_breaks(const Univariate& law);

/// For g that is analytic between the breaks: the trapezoidal rule, which converges exponentially, without breaks; with them
/// Gauss-Legendre's rule in panels. By default up to |z| = 30, fine enough for polynomials of order 100, which end at 20.
/// @param step  between scores: of the trapezoidal rule, and on average in the panels of 16.
ScoreNodes score_nodes(const std::vector<double>& breaks, double reach = 30, double step = 1.0 / 32);

}  // namespace buffon

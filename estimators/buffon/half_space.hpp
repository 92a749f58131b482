/// What to sample near a design point: the two normal laws that suit a half-space at its distance. Not installed.
#pragma once

#include <vector>

#include <buffon/gaussians.hpp>

namespace buffon {

/// Along the axis of the half-space u > beta of a standard normal u.
struct TailLaw {
    double mean, sd;
};

/// The normal law whose mixture, in equal parts, with N(beta, 1) has the least variance of the half-space's weights 1{u
/// > beta} phi / q.
/// beta >= 0.
TailLaw tail_law(double beta);

/// E_q (1{u > beta} phi / q)^2 / P(u > beta)^2 - 1 of q = (law + N(beta, 1)) / 2: by the midpoint rule, to 1e-4.
double relative_variance(double beta, const TailLaw& law);

/// In d dimensions about the design point u = beta alpha: the tail law along alpha and a standard normal law across,
/// then N(u, I).
std::vector<Gaussian> about_design_point(const std::vector<double>& u);

}  // namespace buffon

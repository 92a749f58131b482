/// Problems with known answers: what estimators are tested and compared on.
/// Models are functions of one point without state: any number of threads may call them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/problem.hpp>

namespace buffon::testing {

struct KnownProblem {
    std::string name;
    Problem problem;
    std::vector<double> exact;         // expectation of each output (m); with laws law by law (J m)
    std::vector<double> exact_error;   // standard error of each reference; 0 for closed forms and quadrature to 1e-11
    std::vector<Distribution> laws;    // empty, or J input laws that stand in for problem.inputs()
    std::string source;
    std::vector<double> first_order;   // Sobol' indices of the single output, input by input; empty where not known
    std::vector<double> total_order;
};

/// `dim` independent coordinates with one law; with the standard normal law.
Distribution independent(std::int64_t dim, const Univariate& law);
Distribution standard_normal(std::int64_t dim);

/// x^2, x^4, ..., x^20 of a standard normal x: the integrands live far apart in the tails.
KnownProblem gaussian_moments();
/// exp(a . x) of standard normal x: f phi / I is N(a, I), so one Gaussian proposal has zero variance.
/// @throw std::invalid_argument unless a has at least one entry, all finite, and |a| is at most 18 (E phi^2 is finite then).
KnownProblem zero_variance(std::vector<double> a);

/// Tip displacement in m of a cantilever beam: inputs F_X, F_Y (N), E (GPa), w, t, L (m), independent.
KnownProblem cantilever();
/// Its first-order Sobol' indices as eight expectations over two copies of the inputs; seven beam calls a point.
/// Outputs Y*Y_i with Y_i = the beam at the second copy with input i of the first, then Y and Y^2.
KnownProblem cantilever_sobol();
/// Means of F_X, F_Y, E, w, t, L and correlations of (w, t), (w, L), (t, L).
using CantileverLaw = std::array<double, 9>;
/// Mean displacement under each of these input laws: dependent normal w, t, L with 10 % variation, independent log-normal rest.
/// The inputs of the problem itself are the law at the centre of the box below.
KnownProblem cantilever_laws(const std::vector<CantileverLaw>& laws);
/// A Latin hypercube of laws over the box of the source: means 525-575, 425-475, 175-225, 0.06-0.07, 0.09-0.1, 4-5,
/// correlations -0.6-0, 0-0.5, 0-0.5. Rows too close to a singular correlation matrix (0.1 %) are pulled towards independence.
KnownProblem cantilever_laws(std::int64_t count = 100, std::uint64_t key = 1);

/// sin x1 + a sin^2 x2 + b x3^4 sin x1, inputs uniform on (-pi, pi).
KnownProblem ishigami(double a = 7.0, double b = 0.1);
/// prod_i (|4 x_i - 2| + a_i) / (1 + a_i), inputs uniform on (0, 1).   @throw std::invalid_argument unless all a_i >= 0.
KnownProblem g_function(std::vector<double> a = {0, 0.5, 3, 9, 99, 99});

/// P(x1 + ... + xd > sqrt(d) beta_j) of standard normal x, with the score.
KnownProblem linear_exceedance(std::int64_t dim, std::vector<double> betas);
/// P(|x1 + ... + xd| > sqrt(d) beta_j) of standard normal x, with the score: two regions, equally likely and opposite.
/// @throw std::invalid_argument unless all betas are positive.
KnownProblem two_sided_exceedance(std::int64_t dim, std::vector<double> betas);
/// P(x1 > near or x2 < -far) of standard normal x, with the score max(x1 - near, -x2 - far): two regions of unequal mass.
KnownProblem unequal_exceedance(std::int64_t dim, double near, double far);
/// f, f x1, ..., f x7 of f(x) = sum of exp(-100 |x - c|^2) over c = 0.23, 0.39, 0.74 on every axis, x uniform on (0, 1)^8:
/// three bumps, each in a millionth of the volume, and no score that leads to them.
KnownProblem three_bumps();
/// P(g(x) < t_j) for a series system with four branches, x ~ N(0, I_2), with the score.
/// @throw std::invalid_argument unless all thresholds are below 3.
KnownProblem four_branch(std::vector<double> thresholds = {0, -0.5, -1});

/// Ten problems where adaptive importance sampling could plausibly hurt: flat, bounded, oscillating, signed, several narrow
/// peaks, failure in every direction, indicators without a score, heavy tails; 2 to 50 inputs.
std::vector<KnownProblem> safety_problems();

/// Everything above, with its default arguments or typical ones, but the rare events of two regions and the bumps.
std::vector<KnownProblem> all_problems();

}  // namespace buffon::testing

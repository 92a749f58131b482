/// Sums of a pick-freeze run with two values of the noise at every point, and indices of the mean over it as ratios of
/// them. Not installed.
/// Steps within one value have common noise, so that an input without effect has exactly 0; products across the two
/// have independent noise,
/// so that their means are those of the mean over it: no part of its variance has to be estimated and taken off.
#pragma once

#include <string>
#include <vector>

#include <buffon/sobol_ratios.hpp>

namespace buffon {

/// Of one replicate and one output, values less a centre. u and v are a row's values with w and w': at a, b, and a with
/// one group after the other from b.
struct SeededSums {
    explicit SeededSums(std::size_t groups = 0) : step(groups), with_b(groups), total(groups) {}

    double n = 0;
    double values = 0, across = 0;       // of f(a, .) and f(b, .): f(., w), and f(., w) f(., w')
    double of_noise = 0, alike = 0;      // (f(., w) - f(., w'))^2 / 4, and (f(a, w) - f(a, w')) (f(b, w) - f(b, w')) / 2
    std::vector<double> step, with_b, total;      // by group but the noise

    void add(const double* u, const double* v);
};

/// First order of each of G groups, then total order of each, the noise among them: V = E f(a, w) f(a, w') - mean^2,
/// V_i = E f(b, w) (f(a i b, w') - f(a, w')), T_i = E (f(a, w) - f(a i b, w)) (f(a, w') - f(a i b, w')) / 2, each both
/// ways round, over V. Means are
/// those of the other replicates where their own would add a bias. The noise has the indices of an input of the model,
/// over the variance of one
/// evaluation: total order E Var(y | the others), first order Var(E[y | noise]).
/// `variance`: mean over the replicates of the variance of one evaluation.
std::vector<Ratio> seeded_ratios(const std::vector<SeededSums>& replicates, std::size_t noise, double& variance);

/// Whether the sum of these parts of a variance, one a replicate, is less than four standard errors from 0: shares of
/// it mean little.
bool hidden_by_noise(const std::vector<double>& variance);
/// What to say of such an output.
std::string hidden_warning(const std::string& output);

}  // namespace buffon

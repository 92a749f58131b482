/// Sobol' indices as ratios of sums over replicates: values, errors, and combinations of several estimators. Not installed.
#pragma once

#include <vector>

#include <buffon/pair_sums.hpp>
#include <buffon/sobol.hpp>

namespace buffon {

/// An index estimated by sum of numerators / sum of denominators over the replicates, never by the mean of their ratios.
struct Ratio {
    std::vector<double> numerator, denominator;   // (R)

    double value() const;
    /// (R) what each replicate contributes to the error, to first order; their mean is 0.
    std::vector<double> errors() const;
};

/// What the candidates together say of one index.
struct Combination {
    double value = 0;
    std::vector<double> errors;    // (R), made larger by what the choice of the weights hides
    std::vector<double> weights;   // of the candidates, >= 0, sum 1
};

/// The weights with least sample variance of the errors; a candidate without any variance is taken alone. f chosen weights make
/// the sample variance of R errors too small by (R - 1 - f) / (R - 1), and the true one larger by (R - 2) / (R - 2 - f), as in a
/// regression: source: Lavenberg & Welch (1981).
Combination combine(const std::vector<Ratio>& candidates);

/// (candidates) of all outputs together, from those of each, (outputs, candidates): sums of their numerators over sums
/// of their denominators,
/// both in units of the output squared; or `scaled`, the mean of their indices. Source: Gamboa et al. (2014).
std::vector<Ratio> together(const std::vector<std::vector<Ratio>>& outputs, bool scaled);

/// Ratios of one output from the sums of its replicates: first order of each group, total order of each, then, of
/// designs with both
/// ways where they are asked for, second order pair by pair.
std::vector<Ratio> ratios(SobolMethod method, const std::vector<PairSums>& replicates, bool second_order);

/// Of all values of all replicates.
double overall_mean(const std::vector<PairSums>& replicates);

/// Numerators of the default method, of f - mean, per row: V_i, T_i and V_ij. With both ways V_i is half the mean product of
/// opposite steps, good for small indices.
double first_order_part(const PairSums& sums, std::size_t group, double mean);
double total_order_part(const PairSums& sums, std::size_t group);
double second_order_part(const PairSums& sums, std::int64_t i, std::int64_t j);

}  // namespace buffon

/// How much Markov chains say: effective sample sizes, split R-hat, standard errors of means over chains.
/// Source: Vehtari, Gelman, Simpson, Carpenter, Bürkner, "Rank-normalization, folding, and localization: an improved R-hat for
/// assessing convergence of MCMC", Bayesian Analysis 16 (2021); Geyer, Statist. Sci. 7 (1992), initial monotone sequence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Of one scalar that every chain traces.
struct ChainSummary {
    double mean = 0.0;
    double sd = 0.0;
    double std_error = 0.0;   // of the mean: sd / sqrt(effective sample size of the values as they are)
    double ess_bulk = 0.0;    // of the rank-normalised values
    double ess_tail = 0.0;    // the smaller one of the two indicators of the outer twentieths
    double r_hat = 1.0;       // the larger one of ranks and of folded ranks; infinite where chains stand still apart
};

/// chains: (chains, draws), each row the trace of one; every chain is split in two halves.
/// Chains that all stand still at one value count as independent draws of it.
/// @throw std::invalid_argument for fewer than 8 draws, a value that is not finite.
ChainSummary summarise_chains(ConstView chains);

/// Of the mean over all chains, without splitting or ranks; at most S log10(S) of S values.
/// @throw std::invalid_argument for fewer than 4 draws, a value that is not finite.
double effective_sample_size(ConstView chains);

/// Means of m columns over stationary chains that do not influence each other, with their joint covariance from means of pieces:
/// whole chains where there are 30 or more, else equal parts of them, so that there are at least 30 (as far as draws reach). With
/// whole chains the errors are right however slowly a chain moves; with parts the piece must be longer than its memory.
/// @param values (chains * draws, m): chain by chain.   @throw std::invalid_argument for fewer than 2 pieces.
Estimate chain_means(ConstView values, std::int64_t chains, std::vector<std::string> names);

}  // namespace buffon

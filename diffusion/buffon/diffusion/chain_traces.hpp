/// What chains on (x, sigma) tell beside their samples: how far they mix, whether sigma has its law, and masses of modes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <buffon/chain_diagnostics.hpp>
#include <buffon/diffusion/sigma_rules.hpp>
#include <buffon/estimate.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// Traces of the chains after burn-in, every step: row c of (chains, steps) is chain c.
struct ChainTraces {
    Matrix log_sigma;
    Matrix first;             // the first coordinate of x
    Matrix log_density;       // log p_sigma(x); empty where the model has none
    Matrix modes;             // (chains * steps, modes): P(x0 is of mode k | x), chain by chain; empty where there are none
    SigmaPrior prior;

    std::int64_t chains() const { return log_sigma.rows; }
    std::int64_t steps() const { return log_sigma.cols; }
};

/// Of each trace: "log sigma", "x1", "log density", "mode 0", ...
std::map<std::string, ChainSummary> summarise(const ChainTraces& traces);

/// Masses of the modes without denoising: E[P(mode k | x)] under the stationary law is the mass of mode k at every level, so the
/// mean over all states estimates it, without an evaluation. Errors by `chain_means`. Diagnostics: r_hat, the worst mode's, and
/// round_trips; warnings where chains disagree, or have made fewer than one round trip each.
/// @throw std::invalid_argument where the model knows no modes.
Estimate mode_masses(const ChainTraces& traces);

/// How often chains visit each of `bins` ranges of levels with equal probability in the prior (as far as levels
/// divide), less that
/// probability: zero in the long run where sigma is drawn exactly and Langevin steps are corrected. A chain whose values differ
/// from 0 by many errors has another law of sigma than was asked for.
Estimate flatness(const ChainTraces& traces, std::int64_t bins = 10);

/// Times that chains went from the lowest quarter of the prior to the highest and back, all together.
std::int64_t round_trips(const ChainTraces& traces);
/// Share of steps after which another mode is the most probable one.   @throw std::invalid_argument where there are no modes.
double mode_switches(const ChainTraces& traces);

}  // namespace buffon::diffusion

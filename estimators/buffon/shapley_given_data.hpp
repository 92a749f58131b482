/// Shapley effects from a table of past runs: no evaluation, and no law of the inputs is needed.
#pragma once

#include <tuple>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/sample.hpp>

namespace buffon {

struct ShapleyGivenDataOptions {
    int threads = 0;

    static constexpr auto fields() {
        return std::tuple{Field{"threads", &ShapleyGivenDataOptions::threads, "threads, 0 for all; changes no result"}};
    }
};

/// d m effects, input by input, of inputs that may depend on each other, from rows that are independent draws of one
/// law. Outputs must be
/// functions of the inputs: effects sum to 1, and noise would be shared out, too.
/// V(u) = Var(E[y | x_u]) of all 2^d subsets: a quadratic polynomial m_u of the normal scores of x_u, and what it
/// leaves, r = y - m_u, by
/// neighbours: mean m_u^2 + mean r r', r' of the nearest row in x_u of either half of the table. With |u| inputs a neighbour is
/// n^(-1/|u|) away: what the polynomial does not see fades, effects of inputs that act together are pulled towards each other
/// by it, and no interval knows of it (diagnostics: left, the share of V that neighbours had to find, in the mean over
/// the subsets).
/// Of n rows min(n, 3 10^10 / (n 2^d)) look for neighbours: time O(n 2^d) each, 25 s of one core for 10^4 rows of ten
/// inputs. Errors: those of the rows'
/// influences, neighbours' noise included.
/// Diagnostics: queries (rows that looked), left (m), groups, outputs, pareto_k, effective_terms.
/// @throw std::invalid_argument for fewer than 100 rows that succeeded or ten for each term of the polynomial, unequal
/// weights, an output without
/// variance, fewer than 2 or more than 12 inputs.
/// Source: Broto, Bachoc, Depecker, SIAM/ASA J. Uncertain. Quantif. 8 (2020), pick-freeze form with subsets; Abadie &
/// Imbens (2011) for
/// regression beside neighbours.
Estimate shapley_given_data(const Sample& sample, const ShapleyGivenDataOptions& options = {});

}  // namespace buffon

/// Importance sampling from a law that the user chooses.
#pragma once

#include <optional>
#include <tuple>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

struct ImportanceOptions {
    std::optional<Distribution> proposal = {};
    bool self_normalise = false;

    static constexpr auto fields() {
        return std::tuple{Field{"proposal", &ImportanceOptions::proposal,
                                "law that is sampled; positive wherever output times input density is not 0"},
                          Field{"self_normalise", &ImportanceOptions::self_normalise,
                                "divide by the mean weight: bias of order 1/n, often less variance"}};
    }
};

/// Mean of y w over draws of the proposal, w = input density / proposal density; rows with w = 0 cost no evaluation.
/// Unbiased unless self-normalised. Diagnostics: effective_size of the weights, pareto_k per output (tail of |y w|).
/// @throw std::invalid_argument for no proposal, one of another dimension, budget < 2.
/// Source: Kahn & Marshall (1953); k-hat Vehtari et al. (2024).
Estimate importance(const Problem& problem, const Run& run, const ImportanceOptions& options);

}  // namespace buffon

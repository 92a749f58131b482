/// Other input laws from a kept sample, without a new evaluation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/sample.hpp>
#include <buffon/sample_options.hpp>

namespace buffon {

struct ReweightOptions {
    std::vector<Distribution> laws = {};
    std::vector<std::string> outputs = {};
    bool normalised = false;
    bool controls = true;
    Doubtful doubtful = Doubtful::automatic;
    int threads = 0;

    static constexpr auto fields() {
        return sample_fields<ReweightOptions>(
            "regress on what has a known mean: the components of the sampling law that the sample kept, and the weight "
            "itself",
            Field{"laws", &ReweightOptions::laws,
                  "J laws in place of `law`, inputs in the order of the sample: J m values, law by law, with their "
                  "joint covariance"},
            Field{"normalised", &ReweightOptions::normalised,
                  "divide by the mean weight instead of using controls: bias of order 1/n"});
    }
};

/// Means of the outputs under the law: averages of y x density / sampling density over the rows after the adaptation, which were
/// drawn from one law, so unbiased; control coefficients are cross-fitted and add no bias. Failed rows make the means
/// conditional on
/// success. Errors are those of the sample's nets where it has some. No evaluation of the model: n is the sample's.
/// Diagnostics: pareto_k (J m) of the terms, mean_weight, effective_size, pareto_k_weights (J), effective_terms (J m).
/// @throw std::invalid_argument for neither or both of law and laws, laws of another dimension, a sample without
/// densities, and by
/// `doubtful`.
/// Source: Owen & Zhou (2000); k-hat Vehtari et al. (2024).
Estimate reweight(const Sample& sample, const std::optional<Distribution>& law, const ReweightOptions& options = {});

}  // namespace buffon

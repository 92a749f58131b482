/// Means of the outputs given an event of one of them, from a kept sample.
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

struct ConditionalMeanOptions {
    std::string given = {};
    std::optional<double> above = {};
    std::optional<double> below = {};
    std::optional<Distribution> law = {};
    std::vector<std::string> outputs = {};
    bool controls = true;
    Doubtful doubtful = Doubtful::automatic;
    int threads = 0;

    static constexpr auto fields() {
        return sample_fields<ConditionalMeanOptions>(
            "regress on what has a known mean",
            Field{"given", &ConditionalMeanOptions::given,
                  "name of the output whose event is given; none where the sample has one output only"},
            Field{"above", &ConditionalMeanOptions::above, "the event: that output is above this"},
            Field{"below", &ConditionalMeanOptions::below, "or below this; both: between them"});
    }
};

/// m values E[w y_k 1{event}] / E[w 1{event}], with the error of a ratio. Bias O(1/n).
/// @throw std::invalid_argument for no event, one without a row, and as `quantile`.
Estimate conditional_mean(const Sample& sample, const ConditionalMeanOptions& options = {});

}  // namespace buffon

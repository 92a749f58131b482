/// Quantiles of the outputs (value at risk) from a kept sample, under its law or another.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/sample.hpp>
#include <buffon/sample_options.hpp>

namespace buffon {

struct QuantileOptions {
    std::optional<Distribution> law = {};
    std::vector<std::string> outputs = {};
    bool controls = true;
    Doubtful doubtful = Doubtful::automatic;
    int threads = 0;

    static constexpr auto fields() {
        return sample_fields<QuantileOptions>("regress the distribution functions on what has a known mean");
    }
};

/// m L values, output by output: the smallest y at which the weighted distribution function (weights divided by their
/// sum, corrected
/// by the controls) reaches the level. `bounds` hold the intervals: those of the distribution function, read back through it
/// (Woodruff 1952); of independent rows under their own law the order statistics of ranks n p +- z sqrt(n p (1 - p)).
/// Bias O(1/n).
/// @throw std::invalid_argument for no level or one outside (0, 1), a law of another dimension, no law, and by `doubtful`.
Estimate quantile(const Sample& sample, const std::vector<double>& levels, const QuantileOptions& options = {});

}  // namespace buffon

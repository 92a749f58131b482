/// Means beyond a quantile (superquantile, conditional value at risk, expected shortfall) and given an event, from a kept sample.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/sample.hpp>
#include <buffon/sample_options.hpp>

namespace buffon {

enum class Tail { upper, lower };
template <>
struct EnumNames<Tail> {
    static constexpr std::array<std::string_view, 2> names{"upper", "lower"};
};

struct SuperquantileOptions {
    Tail tail = Tail::upper;
    std::optional<Distribution> law = {};
    std::vector<std::string> outputs = {};
    bool controls = true;
    Doubtful doubtful = Doubtful::automatic;
    int threads = 0;

    static constexpr auto fields() {
        return sample_fields<SuperquantileOptions>(
            "regress on what has a known mean",
            Field{"tail", &SuperquantileOptions::tail,
                  "'upper': the mean of the largest 1 - level of the mass; 'lower': of the smallest level"});
    }
};

/// m L values, output by output: q + E[(y - q)+] / (1 - level) at the weighted quantile q of the level. An error of q
/// has no first-order
/// effect, so the error is that of the mean of w ((y - q)+ - its mean) / (1 - level). Bias O(1/n).
/// @throw std::invalid_argument as `quantile`.
/// Source: Rockafellar, Uryasev, Optimization of conditional value-at-risk, J. Risk 2 (2000).
Estimate superquantile(const Sample& sample, const std::vector<double>& levels, const SuperquantileOptions& options = {});

}  // namespace buffon

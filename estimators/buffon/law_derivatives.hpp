/// Derivatives of means, probabilities and quantiles with respect to the parameters of the input law, from a kept sample.
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

enum class Differentiated { mean, quantile };
template <>
struct EnumNames<Differentiated> {
    static constexpr std::array<std::string_view, 2> names{"mean", "quantile"};
};

struct LawDerivativesOptions {
    std::vector<std::string> parameters = {};
    Differentiated quantity = Differentiated::mean;
    double level = 0.95;
    bool moments = false;
    bool elasticities = false;
    std::optional<Distribution> law = {};
    std::vector<std::string> outputs = {};
    bool controls = true;
    Doubtful doubtful = Doubtful::automatic;
    int threads = 0;

    static constexpr auto fields() {
        return sample_fields<LawDerivativesOptions>(
            "regress on what has a known mean: the score itself, the weight, the sample's controls",
            Field{"parameters", &LawDerivativesOptions::parameters,
                  "names as in the values ('F.mean', 'corr(F, w)'); none: all that have a score"},
            Field{"quantity", &LawDerivativesOptions::quantity, "'mean' (a probability is one), or 'quantile'"},
            Field{"level", &LawDerivativesOptions::level, "of the quantile"},
            Field{"moments", &LawDerivativesOptions::moments,
                  "by mean and standard deviation ('F.mean', 'F.sd') in place of the parameters of laws that have two "
                  "of them"},
            Field{
                "elasticities", &LawDerivativesOptions::elasticities,
                "relative change of the value for a relative change of the parameter: derivative x parameter / value"});
    }
};

/// Values output by output, parameter by parameter, named "d E[y] / d F.mean": means of w (y - E y) d log f / d
/// parameter. Unbiased up to
/// O(1/n) through E y. Of a quantile: - (d F(q) / d parameter) / density, both from differences of the distribution
/// function over the
/// width of Hall and Sheather; bias of the order of that width squared, below the error.
/// Parameters that move an end of the support (of Uniform, Triangular, Truncated, ...) have no score: they are left
/// out, listed in
/// diagnostics "without_score", and refused when named.
/// @throw std::invalid_argument for an unknown parameter, a law without marginal laws, a value of 0 for elasticities,
/// and as reweight.
/// Source: Rubinstein (1986), score function method; Hall & Sheather (1988).
Estimate law_derivatives(const Sample& sample, const LawDerivativesOptions& options = {});

}  // namespace buffon

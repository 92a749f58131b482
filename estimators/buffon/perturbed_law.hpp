/// Perturbed-law indices: how much a probability, mean or quantile changes when the law of one input does, from a kept sample.
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

enum class Perturb { mean, variance, marginal };
template <>
struct EnumNames<Perturb> {
    static constexpr std::array<std::string_view, 3> names{"mean", "variance", "marginal"};
};

enum class Space { physical, normal };
template <>
struct EnumNames<Space> {
    static constexpr std::array<std::string_view, 2> names{"physical", "normal"};
};

enum class PerturbedQuantity { automatic, probability, mean, quantile };
template <>
struct EnumNames<PerturbedQuantity> {
    static constexpr std::array<std::string_view, 4> names{"auto", "probability", "mean", "quantile"};
};

struct PerturbedLawOptions {
    std::vector<std::string> inputs = {};
    std::vector<double> delta = {};
    Perturb perturb = Perturb::mean;
    Space space = Space::physical;
    bool absolute = false;
    std::vector<Distribution> marginals = {};
    PerturbedQuantity quantity = PerturbedQuantity::automatic;
    double level = 0.95;
    std::optional<Distribution> law = {};
    std::vector<std::string> outputs = {};
    bool controls = true;
    Doubtful doubtful = Doubtful::warn;
    int threads = 0;

    static constexpr auto fields() {
        return sample_fields<PerturbedLawOptions>(
            "regress on what has a known mean",
            Field{"inputs", &PerturbedLawOptions::inputs,
                  "names of the inputs whose laws are perturbed, one at a time; none: all"},
            Field{"delta", &PerturbedLawOptions::delta,
                  "the perturbations; of the mean in standard deviations, of the variance relative (0.1: a tenth "
                  "more); none: -1, -0.9, ..., 1 for the mean, -0.5 ... 0.5 for the variance"},
            Field{"perturb", &PerturbedLawOptions::perturb,
                  "'mean' or 'variance' (at the same mean): the density of least Kullback-Leibler divergence that has "
                  "them; 'marginal': the laws in `marginals` replace that of one input"},
            Field{"space", &PerturbedLawOptions::space,
                  "'physical', or 'normal': mean or variance of the input's standard normal score is changed, for laws "
                  "of any tail"},
            Field{"absolute", &PerturbedLawOptions::absolute,
                  "delta is added to the mean or the variance as it is, in the input's units"},
            Field{"marginals", &PerturbedLawOptions::marginals,
                  "univariate laws in place of one input's, with perturb = 'marginal'; the copula stays"},
            Field{"quantity", &PerturbedLawOptions::quantity,
                  "'probability', 'mean', 'quantile', or 'auto': a probability where an output is 0 or 1 everywhere, "
                  "else the mean"},
            Field{"level", &PerturbedLawOptions::level, "of the quantile"});
    }
};

/// Values input by input, perturbation by perturbation, output by output; of a probability P that becomes Q: Q / P - 1
/// for Q >= P, else
/// 1 - P / Q; of a mean or quantile: the relative change (divided by its size). Errors by the delta method from the
/// joint covariance of
/// old and new. Where inputs depend on each other 'mean' and 'variance' keep the law of the others given this one.
/// An input whose law cannot be perturbed by one of the deltas (tilted so far) is left out, which a warning and
/// diagnostics["skipped"] say;
/// a value that is about 0 under the unperturbed law, so that relative changes say little, is warned of.
/// @throw std::invalid_argument where all inputs are left out, for an input without a marginal law (mixtures), and as reweight.
/// Source: Lemaitre et al. (2015) for probabilities, Sueur, Iooss, Delage (2017) for quantiles.
Estimate perturbed_law(const Sample& sample, const PerturbedLawOptions& options = {});

}  // namespace buffon

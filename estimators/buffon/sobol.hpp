/// Sobol' indices of first, total and second order from model evaluations, with intervals.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/fields.hpp>
#include <buffon/indices.hpp>
#include <buffon/input_group.hpp>
#include <buffon/points.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

enum class SobolMethod { combined, saltelli, jansen, janon, martinez, owen, aiscv };
template <>
struct EnumNames<SobolMethod> {
    static constexpr std::array<std::string_view, 7> names{"default", "saltelli", "jansen", "janon", "martinez", "owen", "aiscv"};
};

struct SobolOptions {
    SobolMethod method = SobolMethod::combined;
    bool surrogate = true;
    std::vector<InputGroup> groups = {};
    bool second_order = false;
    Points points = Points::rqmc;
    std::int64_t replicates = 0;
    bool scale = false;
    std::string noise = "";

    static constexpr auto fields() {
        return std::tuple{
            Field{"method", &SobolOptions::method,
                  "'default': three estimators, two of them with the surrogate, combined by their covariance; 'aiscv': "
                  "means of products from one adaptive importance sample, for outputs whose variance comes from a tail "
                  "or a rare event; others are the classical ones, without surrogate"},
            Field{"surrogate", &SobolOptions::surrogate,
                  "of method='default': fit a sparse polynomial to the evaluations and estimate only what it leaves; "
                  "False where evaluations cost less than arithmetic"},
            Field{"groups", &SobolOptions::groups,
                  "inputs that are varied together, {name: [inputs]}; inputs in no group stay alone"},
            Field{"second_order", &SobolOptions::second_order,
                  "estimate what pairs do only together, too: 2 G + 2 evaluations a row for G groups, not G + 2"},
            Field{"points", &SobolOptions::points, "'rqmc': scrambled Sobol' points; 'iid': independent points"},
            Field{"replicates", &SobolOptions::replicates,
                  "smallest number of independent replicates, behind the interval; 0: 8, and 128 for independent "
                  "points without a surrogate"},
            Field{"scale", &SobolOptions::scale,
                  "whether every output counts the same in the indices of all outputs together, whatever its unit; "
                  "False: by its variance"},
            Field{"noise", &SobolOptions::noise,
                  "the input that makes a random model random, as the seed of a simulator: indices are then of the "
                  "mean over it, from two of its values at every point, without surrogate; '': there is none"}};
    }
};

/// R = 8 ... 15 independent scrambles of one net of N = 2^k points in 2 d dimensions, whose halves are the rows A and
/// B; the model
/// is evaluated at A, B and A with one group of inputs from B after the other, K = G + 2 times a row. n = R N K <= budget is
/// what was spent. A surrogate g, a sparse polynomial of the uniforms or normal scores of the inputs (whichever
/// predicts better), is
/// fitted on other replicates than it is used on; the indices of g are exact, those of f - g estimated, so the error is
/// O(Var(f - g)). Of
/// three such estimators (plain, and two forms of the cross term) the combination with least variance over the replicates is
/// taken, index by index; errors pay for the chosen weights, Student intervals with R / 2 - 1 degrees of freedom for shared fits.
/// Values are never clipped. Errors of all indices and outputs have one covariance, that of all outputs together (sum
/// of the parts
/// of the variance over sum of the variances, or with `scale` the mean of the indices) too: at most 10,000 values. An
/// input without effect has exactly 0 +- 0;
/// of an output that does not vary all indices are NaN, with a warning. A row that holds a failed evaluation is left
/// out whole: indices are
/// conditional on success, and then no surrogate is used, whose exact indices would be of a model that goes on where
/// this one fails.
/// Diagnostics: replicates, points (N); with the surrogate, by output: surrogate_share (of the variance),
/// surrogate_terms; weights
/// (3, by index: plain, point, difference); constant (names of outputs that do not vary); pareto_k_squares,
/// effective_rows, by output.
/// method = aiscv: two copies (x, x') of the inputs are one input of `aiscv`, whose outputs are the products of two outputs that
/// share a group, or all but one: first and total orders from 2 G + 1 evaluations a pair. Diagnostics are its own, and centre.
/// noise = "seed": the indices of the other groups are those of E[y | the others], unbiased whatever the noise: rows
/// are evaluated with two
/// values of it, K = 2 (G + 1) times. An input without effect has exactly 0 there, too. The noise has its own indices
/// over the variance of one
/// evaluation: total order the share of it that noise makes, first order what one value of it does alike at all points.
/// With Run::keep = state `extend` adds replicates, see there.
/// @throw std::invalid_argument for budget < 32 K, groups that depend on each other, options that do not go together,
/// too many values.
/// Source: Saltelli et al. (2010), Jansen (1999), Janon et al. (2014), Martinez (2011), Owen (2013) "correlation 2" for the
/// classical estimators; Owen (1997) for the scrambles.
Indices sobol(const Problem& problem, const Run& run, const SobolOptions& options = {});

}  // namespace buffon

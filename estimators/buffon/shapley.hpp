/// Shapley effects: the variance of each output shared out to inputs that may depend on each other.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/points.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>
#include <buffon/input_group.hpp>

namespace buffon {

struct ShapleyOptions {
    std::vector<InputGroup> groups = {};
    Points points = Points::rqmc;
    std::int64_t replicates = 0;
    std::string noise = "";

    static constexpr auto fields() {
        return std::tuple{
            Field{"groups", &ShapleyOptions::groups,
                  "inputs that share one effect, {name: [inputs]}; inputs in no group stay alone"},
            Field{"points", &ShapleyOptions::points, "'rqmc': scrambled Sobol' points; 'iid': independent points"},
            Field{"replicates", &ShapleyOptions::replicates,
                  "smallest number of independent replicates, behind the interval; 0: 16, and up to 128 for "
                  "independent points"},
            Field{"noise", &ShapleyOptions::noise,
                  "the input that makes a random model random, as the seed of a simulator: effects are then those of "
                  "the mean over it, from two of its values at every point, and it has none; '': there is none"}};
    }
};

/// Of G groups of inputs and m outputs the G m effects, group by group: the mean, over all orders of the groups, of the
/// part of the
/// variance that group i adds to the groups before it, E[Var(y | the others)] with it less without it, over Var(y).
/// None is negative in truth, and
/// they sum to 1: exactly, whatever the points. For independent inputs an effect lies between first and total order.
/// A row walks from a draw to an independent one, group after group in random order, G + 1 evaluations: point k has the
/// first k groups
/// drawn anew given the others. For groups that are independent of each other group i adds (y_G - y_0)(y_k - y_(k-1)) /
/// 2, the mean of
/// the walk read from both ends (half to all of the variance of one end alone); else (y_0 - (y_k + y_(k-1)) /
/// 2)(y_(k-1) - y_k). Both sum to
/// (y_G - y_0)^2 / 2 over the walk.
/// Values are ratios of sums over R replicates, errors those of a ratio, intervals Student's with R - 1 degrees of freedom; of
/// scrambled nets n = R 2^k (G + 1) <= budget is what was spent. A group without effect has exactly 0 +- 0 where it is
/// independent. Of an
/// output that does not vary all effects are NaN, with a warning. A row that holds a failed evaluation is left out whole.
/// noise = "seed": effects of the other groups on E[y | the others]. Each walk is made with two values of the noise, 2
/// (G + 1) evaluations, and the two
/// factors of each product come from different ones, so that noise adds nothing to any effect; within one value steps
/// have common noise, so that
/// a group without effect has exactly 0. Diagnostics: noise_share and its noise_share_error (m), of the variance of one
/// evaluation.
/// Diagnostics: replicates, points (rows of each), groups, outputs, constant (names of outputs that do not vary).
/// @throw std::invalid_argument for budget < 16 (G + 1), and for dependence without closed conditional laws (a mixture;
/// a Clayton,
/// Frank or Gumbel copula) between groups.
/// Source: Song, Nelson, Staum, SIAM/ASA J. Uncertain. Quantif. 4 (2016); Goda, Reliab. Eng. Syst. Saf. 211 (2021);
/// Broto, Bachoc, Depecker,
/// SIAM/ASA J. Uncertain. Quantif. 8 (2020).
Estimate shapley(const Problem& problem, const Run& run, const ShapleyOptions& options = {});

}  // namespace buffon

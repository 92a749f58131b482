/// Multilevel Monte Carlo: the means of an expensive model from few evaluations of it and many of cheaper ones at common inputs.
/// Source: Giles, Oper. Res. 56 (2008); Acta Numerica 24 (2015). Coefficients: Peherstorfer, Willcox, Gunzburger, SIAM J. Sci.
/// Comput. 38 (2016), here with independent terms.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

/// A model, and what one evaluation of it costs, in any unit.
struct Level {
    Problem problem;
    double cost = 1;
};

struct MultilevelOptions {
    double pilot = 0.05;
    bool coefficients = false;

    static constexpr auto fields() {
        return std::tuple{Field{"pilot", &MultilevelOptions::pilot,
                                "share of the budget in a first look at all levels at common inputs, of 10,000 of them "
                                "at most, which is no part of a multilevel estimate"},
                          Field{"coefficients", &MultilevelOptions::coefficients,
                                "whether the first look gives each cheaper level a coefficient, output by output, as a "
                                "control variate has (multifidelity): for models that follow the expensive one at another "
                                "scale, or loosely"}};
    }
};

/// m expectations of the first problem, the expensive one; the others have as many inputs and outputs and get the same
/// inputs, drawn
/// from the law of the first. Levels that the first look finds not to pay are dropped, all but the first where plain
/// Monte Carlo is as good:
/// it is then plain Monte Carlo, and the first look a part of it. Evaluations are shared out for least variance at the cost.
/// `run.budget` and `n` are costs, in evaluations of the first problem: never more is spent than so many of these would
/// cost. Unbiased:
/// the plan is independent of the terms. Intervals: bootstrap-t over the levels, as rare large differences make means
/// of them skewed.
/// Diagnostics: evaluations (L: of each problem, first look included), levels (those kept, 1 for the first), adaptation_n,
/// planned_gain (of the output that gains least, against plain Monte Carlo at the same cost, as the first look sees
/// it), effective_terms; with coefficients these, (kept - 1) m, level by level.
/// @throw std::invalid_argument for no or more than 16 levels, costs that are not positive, dimensions or outputs that
/// differ, on_error =
/// discard (means given success of several levels do not add up), keep. ModelError when a model fails.
Estimate multilevel(const std::vector<Level>& levels, const Run& run, const MultilevelOptions& options = {});

}  // namespace buffon

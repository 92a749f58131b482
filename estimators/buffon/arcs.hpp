/// Great-circle sampling: rare events as arcs of random circles in standard normal space, found between points of
/// different classes.
/// Made for failures that fill thin slabs inside the bulk of the input law, along the borders of its classes, where
/// neither shifted nor
/// widened sampling densities nor chains gain anything: a circle crosses slabs that hardly a point falls into, and the
/// share of the
/// circle in them is an unbiased term whatever the event's probability. Where events become likely with the norm,
/// shells of it are strata.
#pragma once

#include <tuple>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

struct ArcsOptions {
    std::vector<double> thresholds = {};
    std::int64_t grid = 0;
    double pilot = 0.05;

    static constexpr auto fields() {
        return std::tuple{
            Field{"thresholds", &ArcsOptions::thresholds,
                  "outputs are then 1{y > t}, one a threshold, of a problem with one output beside its labels; none: "
                  "the problem's own outputs"},
            Field{"grid", &ArcsOptions::grid,
                  "phases at which every circle is looked at, at least 4; 0: 24 with labels, whose borders cost more "
                  "evaluations than phases do, else 12"},
            Field{"pilot", &ArcsOptions::pilot,
                  "share of the budget in the first look, of 1,000 points at most, which is no part of the estimate"}};
    }
};

/// m expectations under the problem's input law. Outputs of zeros and ones with a score are events: their values are
/// the mean share of
/// great circles in them. Each circle is looked at on a grid with a random offset; between points of different labels
/// it is bisected until the
/// event or nothing can be there, and bumps of scores are climbed; edges are bisected, and one uniform draw in each
/// last bracket makes the
/// share unbiased. Labels are outputs named "label" (a class number) or "label 1", ... "label k" (distances to classes,
/// the nearest is a
/// point's own; where scores are the smallest one less a constant, they tell what a border cannot reach); they are no
/// part of the estimate.
/// Arcs between two points of the grid with one label, whose scores do not tell, are missed, mostly wide ones of
/// circles that nearly touch a border. As much is missing as half of the grid would not have seen of what was found
/// (diagnostics "unseen"): the value is lower by that, and the interval's upper end allows for it. A finer `grid` sees more.
/// With labels circles turn in the space of the class means; other outputs are means over the grid. Where scores of the
/// first look grow
/// with the norm, six shells of it are strata, with points where failures are common and circles elsewhere. Events that
/// the first look
/// finds common, and problems without any event, get independent points. `n` counts every evaluation.
/// Bounds: bootstrap-t over circles, with the tail that shares of circles that touch slabs have, the upper one also of
/// what was not seen.
/// Diagnostics: circles, points, evaluations_per_circle, adaptation_n, shells, subspace (its dimension),
/// grid, largest_arc (m: of the sum of squared shares, that of one circle; warns above 0.2), unseen (m: of the value;
/// warns above 0.15), pareto_k and effective_terms.
/// @throw std::invalid_argument for options that cannot be. ModelError when the model fails.
Estimate arcs(const Problem& problem, const Run& run, const ArcsOptions& options = {});

}  // namespace buffon

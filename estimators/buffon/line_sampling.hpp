/// Line sampling: along lines in an important direction of standard normal space the probability is known but for its roots.
/// Source: Hohenbichler, Rackwitz (1988), Koutsourelakis, Pradlwarter, Schueller (2004); roots by the Illinois form of
/// regula falsi
/// (Dowell, Jarratt 1971). Here the roots only divide each line into cells: one point of each cell is evaluated and stands for
/// it, so that the estimate is unbiased however rough or incomplete the roots are.
#pragma once

#include <tuple>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

struct LineSamplingOptions {
    std::vector<double> direction = {};
    std::int64_t refinements = 8;
    double adaptation = 0.3;

    static constexpr auto fields() {
        return std::tuple{
            Field{"direction", &LineSamplingOptions::direction,
                  "(d) in standard normal space, of any length; none: of the design point of the rarest output, found "
                  "by form's search"},
            Field{"refinements", &LineSamplingOptions::refinements, "largest number of evaluations for one root"},
            Field{"adaptation", &LineSamplingOptions::adaptation,
                  "largest share of the budget spent on the search for a direction"}};
    }
};

/// m expectations under the problem's input law. Each line is looked at in five places (the origin's plane, the design points'
/// on both sides, further out): between places where a score changes its sign its root is found, on both sides. Cells between
/// roots, and beyond the design points in any case, have known probabilities; an output that is constant in a cell is
/// known on the
/// line. Outputs without a score are means over
/// points, one a line. `n` counts every evaluation.
/// A design point that the search found beside the direction is told by a warning: few lines cross its region.
/// Diagnostics: direction (d), lines, adaptation_n, beta (of the nearest design points of outputs that have one, at the
/// search's end),
/// evaluations_per_line; pareto_k and effective_terms of the lines. A kept sample has all rows as adaptation.
/// @throw std::invalid_argument for options that cannot be. ModelError when the model fails.
Estimate line_sampling(const Problem& problem, const Run& run, const LineSamplingOptions& options = {});

}  // namespace buffon

/// Subset simulation: rare events as a chain of likely ones, by Markov chains in standard normal space.
/// Source: Au, Beck (2001); the chains' moves and their adaptation: Papaioannou, Betz, Zwirglmaier, Straub (2015). Levels come
/// from a run of their own and then stay, and points that are split hand their weight on in equal parts (fixed levels of
/// multilevel splitting, Garvels 2000): what descends from each first point is then an independent term of a mean, so that the
/// estimate is unbiased and its variance knows the chains and all levels together.
#pragma once

#include <tuple>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

struct SubsetOptions {
    double level_probability = 0.1;
    std::int64_t levels = 30;
    double acceptance = 0.44;
    double adaptation = 0.3;
    double pilot = 0.02;

    static constexpr auto fields() {
        return std::tuple{
            Field{"level_probability", &SubsetOptions::level_probability,
                  "of each level given the one before; chains are as long as its inverse"},
            Field{"levels", &SubsetOptions::levels, "largest number of levels"},
            Field{"acceptance", &SubsetOptions::acceptance, "share of accepted moves that their width is adapted to"},
            Field{"adaptation", &SubsetOptions::adaptation, "largest share of the budget spent on finding levels"},
            Field{"pilot", &SubsetOptions::pilot, "share of the budget in one level of that run, at least 100 points"}};
    }
};

/// m expectations under the problem's input law. Outputs whose scores differ by a constant (thresholds of one model) share
/// levels and points; others have a share of the budget each, and independent errors. An output may be any number that is
/// 0 or not: what lies between the levels counts, too. Outputs without a score are means of independent points.
/// Diagnostics: thresholds and widths, of all levels, family by family: of the lowest score of the family, and sqrt(1 - rho^2) of
/// the moves u' = rho u + sqrt(1 - rho^2) xi; levels, of each family (-1: its event was not reached); first_points, of
/// each family;
/// adaptation_n; pareto_k and effective_terms, of what descends from each first point. A kept sample has all rows as adaptation.
/// @throw std::invalid_argument for options that cannot be. ModelError when the model fails.
Estimate subset(const Problem& problem, const Run& run, const SubsetOptions& options = {});

}  // namespace buffon

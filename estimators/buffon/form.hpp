/// First-order reliability and importance sampling at every design point found.
/// Source: Hasofer, Lind (1974), Rackwitz, Fiessler (1978), Der Kiureghian, Dakessian (1998) for the search (design_search.hpp);
/// Melchers (1989) for sampling there; a defensive share of the input law (Hesterberg 1995) and the densities sampled as controls
/// (Owen, Zhou 2000) make the estimate safe.
#pragma once

#include <tuple>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/differences.hpp>
#include <buffon/estimate.hpp>
#include <buffon/event_options.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

struct FormOptions {
    std::int64_t starts = 5;
    Differences differences = Differences::forward;
    double step = 1e-4;
    double tolerance = 1e-3;
    std::int64_t iterations = 30;
    double adaptation = 0.5;
    Points points = Points::rqmc;
    std::vector<double> weights = {};
    double defensive = 0.1;
    double cut = 1e-2;
    std::int64_t replicates = 16;

    static constexpr auto fields() {
        return event_fields<FormOptions>(
            Field{"starts", &FormOptions::starts,
                  "starts that may find nothing new before the search ends: opposite to the points found, at scores "
                  "that they do not explain, across; 0: a single descent"},
            Field{"differences", &FormOptions::differences,
                  "of gradients: 'forward', d evaluations each, or 'central', 2 d"},
            Field{"step", &FormOptions::step,
                  "of the differences, in standard deviations; larger for models with numerical noise"},
            Field{"tolerance", &FormOptions::tolerance, "of a design point, relative to its distance"},
            Field{"iterations", &FormOptions::iterations, "largest number of gradients of one descent"},
            Field{"adaptation", &FormOptions::adaptation, "largest share of the budget spent on the search"});
    }
};

/// m expectations under the problem's input law: design points of each output in standard normal space, where score_j = 0 comes
/// nearest to the origin, then one sample from normal laws about all of them (where surfaces of a system meet:
/// corner.hpp). Unbiased whatever the search found; a region
/// without a design point that the input law's share hits is told by a warning. `n` counts every evaluation, gradients included.
/// Outputs without a score, or positive at the origin already, are sampled from the input law.
/// Diagnostics, of the k design points: beta (k) reliability indices, design_points (k d) in the inputs' units and alpha_vectors
/// (k d) their directions in standard normal space, point by point, importance_factors (k d) squares of these,
/// design_outputs (k),
/// converged (k, 1 or 0); first_order (m) the probability that the nearest point alone suggests, NaN without one; stop ("starts",
/// "budget": warned of, and provisional is true; "no score", "no adaptation"), adaptation_n; and those of aiscv's
/// sample: alpha, components, replicates, points, pareto_k,
/// pareto_k_residual, effective_terms, uncovered, control_check; beyond: what the first look's scores promise beyond all points,
/// relative to the value (missed_regions.hpp).
/// @throw std::invalid_argument for options that cannot be. ModelError when the model fails.
Estimate form(const Problem& problem, const Run& run, const FormOptions& options = {});

}  // namespace buffon

/// Rare events by the cross-entropy method: sampling densities that approach the event level by level.
/// Source: Rubinstein, Kroese (2004), the quantiles of variant `plain`; Papaioannou, Geyer, Straub (2019), smooth indicators and
/// mixtures, the default `improved`. Here the last sample is fresh, with a defensive share of the input law (Hesterberg 1995) and
/// the densities sampled as controls (Owen, Zhou 2000).
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/estimate.hpp>
#include <buffon/event_options.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

/// How the points of a level are weighted.
enum class Levels { improved, plain };
template <>
struct EnumNames<Levels> {
    static constexpr std::array<std::string_view, 2> names{"improved", "plain"};
};

struct CrossEntropyOptions {
    Levels variant = Levels::improved;
    double variation = 1.5;
    double quantile = 0.1;
    std::int64_t levels = 30;
    double batch_fraction = 0.06;
    double adaptation = 0.6;
    std::int64_t components = 0;
    Family family = Family::gaussian;
    double degrees = 4.0;
    Points points = Points::rqmc;
    std::vector<double> weights = {};
    double defensive = 0.1;
    double cut = 1e-2;
    std::int64_t replicates = 16;

    static constexpr auto fields() {
        return event_fields<CrossEntropyOptions>(
            Field{"variant", &CrossEntropyOptions::variant,
                  "'improved': points count by the normal distribution function of their score over a width that "
                  "shrinks; 'plain': those above a quantile of the scores count"},
            Field{"variation", &CrossEntropyOptions::variation,
                  "of variant 'improved': coefficient of variation of the weights of a level, and of what is left when "
                  "the event has been reached"},
            Field{"quantile", &CrossEntropyOptions::quantile, "of variant 'plain': share of a batch that counts"},
            Field{"levels", &CrossEntropyOptions::levels, "largest number of levels"},
            Field{"batch_fraction", &CrossEntropyOptions::batch_fraction,
                  "share of the budget in one level; at least 100 points or 4 (d + 2) where a tenth of the budget "
                  "allows it, at most 16,384"},
            Field{"adaptation", &CrossEntropyOptions::adaptation, "largest share of the budget spent on levels"},
            Field{"components", &CrossEntropyOptions::components,
                  "laws fitted to each output; 0: as many Gaussians (or vMFN laws) as its points can tell apart"},
            Field{"family", &CrossEntropyOptions::family,
                  "of the components: 'gaussian', 'student', or 'vmfn' (a direction and a radius), for events in every "
                  "direction of many inputs"},
            Field{"degrees", &CrossEntropyOptions::degrees, "degrees of freedom of Student components"});
    }
};

/// m expectations under the problem's input law. Each output with a score has levels of its own on common batches, until
/// its event is in sight of the sampling density; then densities are fitted to all points of all batches (weights f / h, h the
/// mixture of all that was sampled) and a fresh sample gives all values. Unbiased. Outputs without a score are fitted
/// to |output|.
/// Diagnostics: stop ("reached", "levels", "budget", "no adaptation"), batches, adaptation_n, reached (m, 1 or 0); and those of
/// aiscv's sample: alpha, components, replicates, points, pareto_k, pareto_k_residual, effective_terms, uncovered,
/// control_check; beyond: what scores
/// promise beyond all components, relative to the value.
/// @throw std::invalid_argument for options that cannot be. ModelError when the model fails.
Estimate cross_entropy(const Problem& problem, const Run& run, const CrossEntropyOptions& options = {});

}  // namespace buffon

/// Many expectations from one adaptive importance sample with control variates.
/// Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568 (variant `published`); the default `safe` adds a defensive
/// component (Hesterberg 1995), shrinkage, all components as controls (Owen & Zhou 2000), randomised quasi-Monte Carlo and
/// cross-fitting, chooses the proposal on all points drawn so far, and keeps the input law where nets of it do better.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/points.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

enum class Variant { safe, published };
template <>
struct EnumNames<Variant> {
    static constexpr std::array<std::string_view, 2> names{"safe", "published"};
};

enum class Family { gaussian, student, vmfn };
template <>
struct EnumNames<Family> {
    static constexpr std::array<std::string_view, 3> names{"gaussian", "student", "vmfn"};
};

/// The fields that adaptive estimators share, of an options struct that has these members.
template <class Options>
constexpr auto adaptive_fields() {
    return std::tuple{
        Field{"points", &Options::points, "'rqmc': scrambled Sobol' points; 'iid': independent points"},
        Field{"weights", &Options::weights,
              "weight of each expectation in the variance that is minimised; none: 1 / estimate^2, relative errors"},
        Field{"laws", &Options::laws,
              "J input laws in place of the problem's, inputs in the same order: J m expectations, law by law, from "
              "one sample"},
        Field{"components", &Options::components,
              "Gaussians (or Student laws) fitted to each integrand; 0: as many Gaussians as its points can tell apart "
              "where one is not evidently enough, else one law"},
        Field{"diagonal", &Options::diagonal, "components without correlation"},
        Field{"family", &Options::family,
              "of the components: 'gaussian'; 'student' where integrand times density has heavier tails than a normal "
              "law in the space of the fits: several heavy-tailed laws; 'vmfn', von Mises-Fisher-Nakagami: a direction "
              "and a radius in standard normal space (one input law), for events that lie in every direction of many "
              "inputs"},
        Field{"degrees", &Options::degrees, "degrees of freedom of Student components, 3 to 5 as a rule"},
        Field{"adaptation", &Options::adaptation, "largest share of the budget spent on adaptation"},
        Field{"batch_fraction", &Options::batch_fraction,
              "share of the budget in one batch of the adaptation; at least 100 points or 4 (d + 2) where a tenth of "
              "the budget allows it, at most 16,384"},
        Field{"defensive", &Options::defensive, "smallest share of the input law in the proposal"},
        Field{"cut", &Options::cut,
              "control directions fade out about this relative singular value: whole from three times it on, dropped "
              "below a third"},
        Field{"replicates", &Options::replicates, "smallest number of independent scrambles in the final sample"}};
}

struct AiscvOptions {
    Variant variant = Variant::safe;
    Points points = Points::rqmc;
    std::vector<double> weights = {};
    std::vector<Distribution> laws = {};
    std::int64_t components = 0;
    bool diagonal = false;
    Family family = Family::gaussian;
    double degrees = 4.0;
    double adaptation = 0.5;
    double batch_fraction = 0.05;
    double defensive = 0.1;
    double cut = 1e-2;
    std::int64_t replicates = 16;

    static constexpr auto fields() {
        return std::tuple_cat(
            std::tuple{Field{"variant", &AiscvOptions::variant,
                             "'safe' (default), or 'published': the algorithm of the paper to the letter, always with "
                             "independent points and batches of a fifth of the adaptation"}},
            adaptive_fields<AiscvOptions>());
    }
};

/// m expectations under the problem's input law, or J m under J laws. Unbiased: the final sample is independent of the
/// adaptation and its control coefficients are cross-fitted. All but unbiased where nets of the input law have Gaussians as
/// controls: these are left out where the variance between replicates is 1.25 times larger with them. `n` counts every
/// evaluation, adaptation included.
/// Diagnostics: stop ("trade-off", "budget", "nets suffice", "out of reach", "no adaptation"), batches, adaptation_n, explored,
/// fallback, provisional, components, alpha, replicates, points, pareto_k, pareto_k_residual, effective_terms,
/// control_check (the last with scrambled
/// points), uncovered; beyond: of rare events with a score in more than 8 inputs, how much of the value regions that no component
/// leads to may hold by their scores.
/// @throw std::invalid_argument for options that cannot be; `published` also for integrands with negative values or
/// without a single hit. ModelError when the model fails.
Estimate aiscv(const Problem& problem, const Run& run, const AiscvOptions& options = {});

}  // namespace buffon

/// Adaptive multiple importance sampling: many expectations from all points of an adaptive run.
/// Source: Cornuet, Marin, Mira, Robert (2012); fits to the newest batch alone: Marin, Pudlo, Sedki (2019). The mixture's parts
/// as controls: Owen & Zhou (2000). The adaptation is that of aiscv.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

/// Points that the estimate is made of.
enum class Use { all, final };
template <>
struct EnumNames<Use> {
    static constexpr std::array<std::string_view, 2> names{"all", "final"};
};

/// Points that densities are fitted to.
enum class Refit { crossed, all, newest };
template <>
struct EnumNames<Refit> {
    static constexpr std::array<std::string_view, 3> names{"crossed", "all", "newest"};
};

struct AmisOptions {
    Use use = Use::all;
    Refit refit = Refit::crossed;
    Points points = Points::rqmc;
    std::vector<double> weights = {};
    std::vector<Distribution> laws = {};
    std::int64_t components = 0;
    bool diagonal = false;
    Family family = Family::gaussian;
    double degrees = 4.0;
    double adaptation = 0.7;
    double batch_fraction = 0.05;
    double defensive = 0.1;
    double cut = 1e-2;
    std::int64_t replicates = 16;

    static constexpr auto fields() {
        return std::tuple_cat(
            std::tuple{Field{"use", &AmisOptions::use,
                             "points of the estimate: 'all', with a bias of order 1 / n; 'final': those of the last "
                             "batch, unbiased, as aiscv has it"},
                       Field{"refit", &AmisOptions::refit,
                             "points that densities are fitted to: 'crossed', each half of the run to the other "
                             "half's, so that no density follows the points that it weighs; 'all' (classic AMIS); "
                             "'newest', the newest batch (modified AMIS)"}},
            adaptive_fields<AmisOptions>());
    }
};

/// m expectations under the problem's input law, or J m under J laws, from every evaluation: weights f / h, where h is the
/// mixture of all proposals by their counts, with the densities of h's parts as controls (coefficients cross-fitted).
/// Biased by O(1 / n) with use = all: what is in h depends on the points that h weighs. A density that was fitted to them is
/// large where they are, which with many coefficients in a fit is several standard errors; with refit = crossed the budget is
/// in two halves, each with its own h, fitted to the points of the other half: a small part of one. Covariance: sum over the
/// batches of the covariance between a batch's independent nets; intervals with Satterthwaite's degrees of freedom.
/// Diagnostics: those of aiscv (alpha, components, points: of the first half), recycled_n (points in the estimate).
/// @throw std::invalid_argument for options that cannot be; ModelError when the model fails.
Estimate amis(const Problem& problem, const Run& run, const AmisOptions& options = {});

}  // namespace buffon

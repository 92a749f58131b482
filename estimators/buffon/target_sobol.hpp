/// Target and conditional Sobol' indices: which inputs an event, or an output given the event, depends on; from one
/// weighted sample.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/sample.hpp>
#include <buffon/sample_options.hpp>

namespace buffon {

enum class TargetKind { target, conditional };
template <>
struct EnumNames<TargetKind> {
    static constexpr std::array<std::string_view, 2> names{"target", "conditional"};
};

struct TargetSobolOptions {
    std::string given = {};
    std::optional<double> above = {};
    std::optional<double> below = {};
    TargetKind kind = TargetKind::target;
    std::optional<Distribution> law = {};
    std::vector<std::string> outputs = {};
    bool controls = true;
    Doubtful doubtful = Doubtful::automatic;
    int threads = 0;

    static constexpr auto fields() {
        return sample_fields<TargetSobolOptions>(
            "regress on what has a known mean",
            Field{"given", &TargetSobolOptions::given,
                  "name of the output whose event is asked of; none where the sample has one output only"},
            Field{"above", &TargetSobolOptions::above, "the event: that output is above this"},
            Field{"below", &TargetSobolOptions::below, "or below this; both: between them"},
            Field{"kind", &TargetSobolOptions::kind,
                  "'target': shares of the event's own variance; 'conditional': of the variance of the outputs given "
                  "the event"});
    }
};

/// First-order indices under the law, input by input, of rows from any law (weights w = density / sampling density).
/// Inputs may depend.
/// Target: Var(P(event | x_i)) / (P (1 - P)). Weighted rows of the event are a point process in the normal score z of x_i, of
/// intensity h = phi P(event | z); the integral of h^2 / phi is the mean over pairs of w w' K(z - z') / phi((z + z') /
/// 2), with a kernel
/// K of fourth order, 2.2 n^-0.4 of their spread wide (more in the tails): rows outside of the event are not needed,
/// the marginal law is
/// known exactly.
/// Conditional: Var(E[y | x_i, event]) / Var(y | event), of the event's rows alone: mean over them of w y times the
/// weighted mean of y of
/// their n^(1/3) neighbours on either side in x_i.
/// A failed row is one without the event (target, with a warning), or left out (conditional).
/// Errors are those of the rows' influences, joint for all values. Diagnostics:
/// probability, event_rows (effective), groups, outputs, and those of `conditional_mean`.
/// @throw std::invalid_argument for no event, fewer than 30 rows in it, an event that is certain, a discrete input or a mixture
/// (target), and as `conditional_mean`.
/// Source: Marrel & Chabridon, Reliab. Eng. Syst. Saf. 212 (2021) for the indices.
Estimate target_sobol(const Sample& sample, const TargetSobolOptions& options = {});

}  // namespace buffon

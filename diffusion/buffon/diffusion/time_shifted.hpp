/// Time-Shift: at each node a sample takes the time label at which its variance belongs, within a window about the node's own.
/// Source: Li, Qu, Yao, Sun, Moens, "Alleviating exposure bias in diffusion models through sampling with shifted time steps",
/// ICLR 2024, arXiv:2305.15583.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// `paper`: the state of a node gets the label, in the denoiser and in the step from it. `calibrated`: the same, with the data's
/// own variance in what the variance is compared with. `released`: as in the authors' code, the step to a node ends at the label
/// about the node that suits the state before the step, while the denoiser is asked with the node's own label.
enum class ShiftRule { paper, released, calibrated };

struct TimeShiftedOptions {
    std::int64_t window = 2;
    double cutoff = 300.0;
    ShiftRule rule = ShiftRule::paper;
    std::optional<double> variance = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"window", &TimeShiftedOptions::window,
                  "width of the window about a node's label, half to each side. Labels are the levels of a discrete "
                  "schedule, elsewhere thousandths of its first time"},
            Field{"cutoff", &TimeShiftedOptions::cutoff,
                  "nodes with a label above this one are shifted; the start never is"},
            Field{"rule", &TimeShiftedOptions::rule,
                  "'paper': denoiser and step take the label whose 1 - alpha^2 is next to the variance of the sample's "
                  "coordinates; 'released': the authors' code, the step before ends there; "
                  "'calibrated': as paper, but the label whose 1 - alpha^2 + alpha^2 variance is next to it"},
            Field{"variance", &TimeShiftedOptions::variance,
                  "of rule 'calibrated': mean over the data of the unbiased variance of a sample's coordinates, "
                  "data.var(axis=1, ddof=1).mean()"}};
    }
};

/// The table with a rule that `sample` follows for each sample alone. Any table whose steps begin by denoising the state of their
/// node. Labels stay between those of the schedule; where a step's coefficients depend on the label (all but those of one
/// evaluation without noise) no further than half-way to the neighbouring nodes. Outputs of earlier steps keep their
/// node's label.
/// Needs many coordinates: the variance of d normal numbers is known to a factor 1 +- sqrt(2 / (d - 1)).
/// @throw std::invalid_argument for options outside their range, a rule whose steps begin otherwise (correctors, adaptive steps,
/// coefficients per coordinate), a mean-reverting schedule, a table from data to noise.
Table time_shifted(const Table& table, const TimeShiftedOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::ShiftRule> {
    static constexpr std::array<std::string_view, 3> names{"paper", "released", "calibrated"};
};

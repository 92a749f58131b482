/// DPM-Solver-v3: exponential integrators around the linear map that empirical model statistics choose.
/// Source: Zheng, Lu, Chen, Zhu, "DPM-Solver-v3: improved diffusion ODE solver with empirical model statistics",
/// NeurIPS 2023, algorithms 1 and 2 and appendix C.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/ems.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// Corrector of a step, from the evaluation at the predicted point: none, of the predictor's order, or one more with
/// divided differences for derivatives.
enum class V3Corrector { none, same, pseudo };

struct DpmV3Options {
    std::optional<Ems> statistics = {};
    int order = 3;
    V3Corrector corrector = V3Corrector::same;
    bool pseudo = false;
    bool lower_order_final = true;

    static constexpr auto fields() {
        return std::tuple{
            Field{"statistics", &DpmV3Options::statistics,
                  "what ems(model, schedule) found; None for (l, s, b) = (1, 0, 0), data prediction"},
            Field{"order", &DpmV3Options::order, "of the predictor, 1 to 4"},
            Field{
                "corrector", &DpmV3Options::corrector,
                "'none', 'same' (the predictor's order), 'pseudo' (one more, by divided differences: of second order)"},
            Field{"pseudo", &DpmV3Options::pseudo,
                  "whether the predictor takes divided differences for derivatives, too; published for 5 steps"},
            Field{"lower_order_final", &DpmV3Options::lower_order_final,
                  "whether the order falls to 1 in the last steps"}};
    }
};

/// With statistics of several coordinates the table has coefficients for each.
/// @throw std::invalid_argument for an order outside 1 ... 4 or a grid that leaves the statistics' range of lambda.
Table dpm_v3(const Schedule& schedule, const Grid& grid, const DpmV3Options& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::V3Corrector> {
    static constexpr std::array<std::string_view, 3> names{"none", "same", "pseudo"};
};

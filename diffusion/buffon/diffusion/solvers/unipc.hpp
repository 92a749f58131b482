/// UniPC: a multistep predictor of any order, and a corrector of one order more that spends no evaluation of its own.
/// Source: Zhao, Bai, Rao, Zhou, Lu, "UniPC: a unified predictor-corrector framework for fast sampling of diffusion models",
/// NeurIPS 2023, algorithms 5 to 8.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/diffusion/exponential.hpp>
#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// How a difference of two outputs is weighed (three and more have the exact weights in all of them): by half of B(h) = h,
/// half of B(h) = e^h - 1, or by the exact integral.
enum class UnipcVariant { bh1, bh2, exact };

struct UnipcOptions {
    int order = 2;
    UnipcVariant variant = UnipcVariant::bh2;
    Prediction prediction = Prediction::data;
    bool corrector = true;
    std::vector<std::int64_t> uncorrected = {};
    bool lower_order_final = true;

    static constexpr auto fields() {
        return std::tuple{
            Field{"order", &UnipcOptions::order,
                  "of the predictor, at least 1; fewer in the first steps; the corrector has one more"},
            Field{"variant", &UnipcOptions::variant,
                  "weights of a difference of two outputs: 'bh1' or 'bh2' as published, 'exact' the exact integral"},
            Field{"prediction", &UnipcOptions::prediction, "what is extrapolated: 'data' or 'noise'"},
            Field{"corrector", &UnipcOptions::corrector,
                  "whether states are corrected by the evaluation at them; the last one has none"},
            Field{"uncorrected", &UnipcOptions::uncorrected, "steps whose result stays as predicted, counted from 1"},
            Field{"lower_order_final", &UnipcOptions::lower_order_final,
                  "whether the order falls to 1 in the last steps"}};
    }
};

/// @throw std::invalid_argument for an order below 1, a step that does not exist.
Table unipc(const Schedule& schedule, const Grid& grid, const UnipcOptions& options = {});

/// What the steps after node i have for its output, from the evaluations until then, newest first; none: the output itself.
using Keep = std::function<Combination(std::size_t i, const std::vector<Evaluation>& known)>;

/// The rows of UniPC, for solvers built on it.
void write_unipc(Recorder& recorder, const Nodes& nodes, const UnipcOptions& options, const Keep& keep = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::UnipcVariant> {
    static constexpr std::array<std::string_view, 3> names{"bh1", "bh2", "exact"};
};

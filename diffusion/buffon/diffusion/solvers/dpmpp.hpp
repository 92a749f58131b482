/// DPM-Solver++ in its multistep form: the data prediction is extrapolated by a polynomial in lambda.
/// Source: Lu, Zhou, Bao, Chen, Li, Zhu, "DPM-Solver++: fast solver for guided sampling of diffusion probabilistic models",
/// arXiv:2211.01095, algorithm 2.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// How second order weighs the first difference: by the midpoint rule of the paper's code, or by the exact integral.
enum class SecondOrder { midpoint, taylor };
/// `exact` integrates the quadratic; `legacy` is the published code, whose missing factor 2 makes it second order.
enum class ThirdOrder { exact, legacy };

struct DpmppOptions {
    int order = 2;
    SecondOrder second = SecondOrder::midpoint;
    ThirdOrder third = ThirdOrder::exact;
    bool lower_order_final = true;

    static constexpr auto fields() {
        return std::tuple{
            Field{"order", &DpmppOptions::order, "1 (DDIM), 2 or 3"},
            Field{"second", &DpmppOptions::second, "second-order weights: 'midpoint' as published, 'taylor' the exact integral"},
            Field{"third", &DpmppOptions::third, "third-order weights: 'exact', or 'legacy' as in the published code, which is of second order"},
            Field{"lower_order_final", &DpmppOptions::lower_order_final, "whether the order falls to 1 in the last steps of a table of fewer than 10"}};
    }
};

/// @throw std::invalid_argument for an order outside 1 ... 3.
Table dpmpp(const Schedule& schedule, const Grid& grid, const DpmppOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::SecondOrder> {
    static constexpr std::array<std::string_view, 2> names{"midpoint", "taylor"};
};
template <>
struct buffon::EnumNames<buffon::diffusion::ThirdOrder> {
    static constexpr std::array<std::string_view, 2> names{"exact", "legacy"};
};

/// DPM-Solver and DPM-Solver++: one family, which extrapolates the noise or the data prediction by a polynomial in lambda.
/// Source: Lu, Zhou, Bao, Chen, Li, Zhu, "DPM-Solver: a fast ODE solver for diffusion probabilistic model sampling in around
/// 10 steps", NeurIPS 2022; the same, "DPM-Solver++: fast solver for guided sampling of diffusion probabilistic models",
/// arXiv:2211.01095, algorithms 1 and 2 and section 4.4 (the stochastic forms).
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/exponential.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// `multistep` reuses earlier outputs; `singlestep` makes `order` evaluations in each step of the grid; `fast` splits `steps`
/// evaluations into single steps of at most `order`.
enum class DpmMethod { multistep, singlestep, fast };
/// How the first difference is weighed at second order: by the midpoint rule of the published code, or by the exact integral.
enum class SecondOrder { midpoint, taylor };
/// `exact` integrates the quadratic; `legacy` is the published code, whose missing factor 2 makes it second order.
enum class ThirdOrder { exact, legacy };

struct DpmOptions {
    int order = 2;
    DpmMethod method = DpmMethod::multistep;
    SecondOrder second = SecondOrder::midpoint;
    ThirdOrder third = ThirdOrder::exact;
    bool sde = false;
    bool lower_order_final = true;

    static constexpr auto fields() {
        return std::tuple{
            Field{"order", &DpmOptions::order, "1 (DDIM), 2 or 3"},
            Field{"method", &DpmOptions::method,
                  "'multistep': one evaluation per step; 'singlestep': `order` evaluations per step; 'fast': `steps` "
                  "is the "
                  "number of evaluations, spent in single steps of `order` and fewer at the end"},
            Field{"second", &DpmOptions::second,
                  "second-order weights, and those of a single step of order 3: 'midpoint' as published, 'taylor' the "
                  "exact integral"},
            Field{"third", &DpmOptions::third,
                  "third-order weights of multistep: 'exact', or 'legacy' as in the published code, which is of second "
                  "order"},
            Field{"sde", &DpmOptions::sde,
                  "whether to solve the stochastic equation: every step adds noise; multistep of order 1 or 2"},
            Field{"lower_order_final", &DpmOptions::lower_order_final,
                  "multistep: whether the order falls to 1 in the last steps of a table of fewer than 10"}};
    }
};

using DpmMaker = Table (*)(const Schedule&, const Grid&, const DpmOptions&);

/// The maker of both, `name` and `maker` being its own.
/// @throw std::invalid_argument for an order outside 1 ... 3, and for options that exclude each other.
Table dpm_solver(std::string_view name, DpmMaker maker, Prediction prediction, const Schedule& schedule, const Grid& grid,
                 const DpmOptions& options);

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::DpmMethod> {
    static constexpr std::array<std::string_view, 3> names{"multistep", "singlestep", "fast"};
};
template <>
struct buffon::EnumNames<buffon::diffusion::SecondOrder> {
    static constexpr std::array<std::string_view, 2> names{"midpoint", "taylor"};
};
template <>
struct buffon::EnumNames<buffon::diffusion::ThirdOrder> {
    static constexpr std::array<std::string_view, 2> names{"exact", "legacy"};
};

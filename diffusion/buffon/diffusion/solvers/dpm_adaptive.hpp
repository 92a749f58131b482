/// DPM-Solver with step control: its singlestep orders 1 and 2, or 2 and 3, as an embedded pair in lambda.
/// Source: Lu, Zhou, Bao, Chen, Li, Zhu, "DPM-Solver: a fast ODE solver for diffusion probabilistic model sampling in around 10
/// steps", NeurIPS 2022, appendix C.
#pragma once

#include <tuple>

#include <buffon/diffusion/norms.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct DpmAdaptiveOptions {
    int order = 3;
    double rtol = 0.05;
    double atol = 0.0078;
    double first_step = 0.05;
    Norms norms = Norms::sample;

    static constexpr auto fields() {
        return std::tuple{
            Field{"order", &DpmAdaptiveOptions::order, "of the result: 2 (checked by 1) or 3 (checked by 2)"},
            Field{"rtol", &DpmAdaptiveOptions::rtol,
                  "relative tolerance of a step's error in x, root mean square over the coordinates"},
            Field{"atol", &DpmAdaptiveOptions::atol, "absolute tolerance; the larger of both counts"},
            Field{"first_step", &DpmAdaptiveOptions::first_step, "length of the first step in lambda"},
            Field{"norms", &DpmAdaptiveOptions::norms,
                  "'sample' gives each sample steps of its own, so it is the same alone; 'batch', as published, one "
                  "step for all, by the largest error"}};
    }
};

/// `order` evaluations for a step that is taken, one less for one that is repeated. Steps end at the nodes of the grid; without
/// `steps` these are its two ends. @throw std::invalid_argument for an order that is not 2 or 3, a number that is not positive.
Table dpm_adaptive(const Schedule& schedule, const Grid& grid, const DpmAdaptiveOptions& options = {});

}  // namespace buffon::diffusion

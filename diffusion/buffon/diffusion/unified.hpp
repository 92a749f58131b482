/// The unified sampling framework: every step decides for itself where it ends, what it predicts, how many Taylor terms it
/// takes and from which points it estimates derivatives, whether a corrector follows. Known solvers are members.
/// Source: Liu, Ning, Lin, Yang, Wang, "OMS-DPM" (2023) and "A unified sampling framework for solver searching of diffusion
/// probabilistic models", ICLR 2024, section 4.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include <buffon/diffusion/exponential.hpp>
#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// Factor of the first derivative's estimate: 1; 1 + c h; or what makes second order the B(h) rules of UniPC.
enum class Relaxation { none, linear, bh1, bh2 };

struct Decision {
    double place = 1.0;                       // where the step ends: 0 at the first node's lambda, 1 at the last's; increasing
    Prediction prediction = Prediction::data;
    int order = 2;                            // Taylor terms, 1 ... 4; no more than the steps behind allow
    int points = 1;                           // past points of the first derivative, 1 ... order - 1; higher ones take order - 1
    Relaxation relaxation = Relaxation::none;
    double c = 0.0;                           // of `linear`
    bool corrector = false;                   // at the step's end, of one order more, from the evaluation there

    friend bool operator==(const Decision&, const Decision&) = default;
};

struct Decisions {
    std::vector<Decision> steps;
    bool analytic_first = false;              // the first evaluation is replaced by eps = x

    std::int64_t evaluations() const { return static_cast<std::int64_t>(steps.size()) - (analytic_first ? 1 : 0); }
    friend bool operator==(const Decisions&, const Decisions&) = default;
};

/// The table that the decisions describe, from the schedule's t_start to `t_end`.
/// @throw std::invalid_argument for no steps, places that do not increase to 1, an order outside 1 ... 4.
Table unified(const Schedule& schedule, double t_end, const Decisions& decisions);

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::Relaxation> {
    static constexpr std::array<std::string_view, 4> names{"none", "linear", "bh1", "bh2"};
};

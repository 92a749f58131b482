/// Stochastic approximation of the heights: preconditioned steps of size t^-1/2 on fresh, growing batches, and their average.
/// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30 (1992).
/// Not installed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include <buffon/transport_draws.hpp>

namespace buffon {

/// Step for mass errors: (relative errors r (n), factor) -> change of the heights.
using Precondition = std::function<std::vector<double>(std::span<const double> relative, double factor)>;

/// h_i += 2 factor s_i r_i.
Precondition diagonal(std::vector<double> scales);

/// Masses of the cells of these heights from at least so many fresh draws, and how many it took.
struct MeasuredMasses {
    std::vector<double> masses;   // (n)
    std::int64_t draws;
};
using Measure = std::function<MeasuredMasses(std::span<const double> heights, std::int64_t draws)>;

/// By counting.
Measure counted(TransportDraws& draws);

class AveragedSteps {
public:
    struct Iterate {
        std::vector<double> heights;
        std::int64_t draws;
    };
    /// What the next steps depend on, besides the draws.
    struct State {
        std::vector<double> heights;
        std::deque<Iterate> kept;   // whose draws are among the last 90 %
        std::int64_t taken = 0, steps = 0;
    };

    /// @param worth draws that the first heights are worth: batches, steps and the average go on as after so many
    /// @param measure none: counted
    AveragedSteps(TransportDraws& draws, std::vector<double> heights, Precondition precondition, double worth = 0.0,
                  Measure measure = {});

    /// Draws that the next step takes.
    std::int64_t next_draws() const;
    /// Draws that the heights are worth: all that were spent, or, after heights of some worth, that and what was spent since.
    double so_far() const;
    void step();
    /// Mean of the iterates, weighted by their draws, over the last 90 % of the draws of all steps, with what the first
    /// heights are worth; the heights
    /// where there was no step.
    std::vector<double> average() const;
    std::int64_t steps() const { return state_.steps - first_; }
    std::int64_t draws() const { return state_.taken; }
    const State& state() const { return state_; }
    void restore(State state);

private:
    TransportDraws* draws_;
    Precondition precondition_;
    Measure measure_;
    State state_;
    double worth_, before_ = 0.0;
    std::int64_t kept_draws_ = 0, first_ = 0;
};

}  // namespace buffon

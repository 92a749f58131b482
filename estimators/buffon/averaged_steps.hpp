/// Stochastic approximation of the heights: preconditioned steps of size t^-1/2 on fresh, growing batches, and their average.
/// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30 (1992). Not installed.
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

class AveragedSteps {
public:
    /// @param worth draws that the first heights are worth: batches and steps go on as after so many
    AveragedSteps(TransportDraws& draws, std::vector<double> heights, Precondition precondition, double worth = 0.0);

    /// Draws that the next step takes.
    std::int64_t next_draws() const;
    void step();
    /// Mean of the iterates, weighted by their draws, over the last 70 % of the draws of all steps; the heights where there was no step.
    std::vector<double> average() const;
    std::int64_t steps() const { return steps_ - first_; }
    std::int64_t draws() const { return taken_; }

private:
    struct Iterate {
        std::vector<double> heights;
        std::int64_t draws;
    };
    TransportDraws* draws_;
    std::vector<double> heights_;
    Precondition precondition_;
    std::deque<Iterate> kept_;            // whose draws are among the last 70 %
    double worth_;
    std::int64_t kept_draws_ = 0, taken_ = 0, steps_ = 0, first_ = 0;
};

}  // namespace buffon

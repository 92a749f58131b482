/// The check of masses and the second derivative of the energy where cells are softened. Not installed.
/// Source: Genevay, Cuturi, Peyré, Bach, "Stochastic optimization for large-scale optimal transport", NIPS 2016.
#pragma once

#include <cstdint>
#include <span>

#include <buffon/averaged_steps.hpp>
#include <buffon/mass_check.hpp>

namespace buffon {

/// What mass_check is for counts: groups of plain draws, each shared among the targets. `score` is that of the best
/// target, `soft` has the rest.
MassCheck soft_mass_check(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n);

/// By sharing draws among the targets.
Measure by_shares(TransportDraws& draws, double width);

struct SoftSteps {
    Precondition precondition;
    double noise = 1.0;   // of a draw in the chi-squared distance, over that of a draw that goes to one target
};

/// Steps by the second derivative (diag(w) - E p p') / width: factored for few targets, else its diagonal.
SoftSteps soft_precondition(TransportDraws& draws, std::span<const double> heights, double width);

}  // namespace buffon

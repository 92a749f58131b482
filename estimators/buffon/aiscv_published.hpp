/// The published algorithm, to the letter: for comparison with the default. Not installed.
/// Source: Demange-Chryst, Bachoc, Morio, arXiv:2212.00568, and the authors' code.
#pragma once

#include <buffon/aiscv.hpp>
#include <buffon/evaluation.hpp>

namespace buffon {

/// Independent points; one component per integrand, no defensive one; one control per expectation with its coefficient from
/// the newest batch; the newest proposal is kept. Works in standard normal space for one law, in raw coordinates for several.
/// @throw std::invalid_argument for an integrand that is negative somewhere, or was never positive on the pool.
Estimate aiscv_published(Evaluation& evaluate, const Run& run, const AiscvOptions& options);

}  // namespace buffon

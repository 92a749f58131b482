/// What langevin_gibbs asks of its options. Not installed.
#pragma once

#include <buffon/diffusion/langevin_gibbs.hpp>

namespace buffon::diffusion {

/// @throw std::invalid_argument
void check(const LangevinGibbsOptions& options, const ChainOptions& chain, const Table& table);

}  // namespace buffon::diffusion

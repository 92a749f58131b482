/// What makes a run of langevin_gibbs another one, in words: what its checkpoint keeps beside the chains. Not installed.
#pragma once

#include <optional>

#include <buffon/diffusion/chain_checkpoint.hpp>
#include <buffon/diffusion/chain_step.hpp>
#include <buffon/diffusion/langevin_gibbs.hpp>
#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// n, threads and key may differ, and how many devices there are. The model is known by its density at the first start, where it
/// has one. `start` is the table that the chains came from; none: x was given.
RunIdentity identity_of(const LangevinGibbsOptions& options, const ChainOptions& chain, const Table& table,
                        const std::optional<Table>& start, const ChainKernel& kernel, const ChainState& state);

}  // namespace buffon::diffusion

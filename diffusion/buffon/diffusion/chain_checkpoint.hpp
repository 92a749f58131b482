/// A file from which chains go on with the same bits, after whatever has stopped them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <buffon/diffusion/chain_step.hpp>
#include <buffon/diffusion/chain_traces.hpp>
#include <buffon/diffusion/prior_adaptation.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// Everything that a run of chains has made so far, before its samples are denoised.
struct ChainProgress {
    ChainState state;
    PriorAdaptation search;
    std::vector<double> weights;                  // of the levels
    std::map<std::string, std::int64_t> parts;    // evaluations
    std::int64_t proposed = 0, accepted = 0, restarted = 0;
    std::vector<double> samples, levels;          // states to denoise, row by row, and their levels
    std::vector<double> traces;                   // of each step after burn-in, of each chain: log sigma, x1, log density, modes
};

/// What makes a run another one: name -> value in words, the key aside.
using RunIdentity = std::map<std::string, std::string>;

struct ChainCheckpoint {
    RunIdentity run;
    std::uint64_t key = 0;
    ChainProgress progress;
};

/// None where there is no such file.   @throw std::invalid_argument for a folder, a file of another kind or version, or a damaged
/// one.
std::optional<ChainCheckpoint> read_chain_checkpoint(const std::filesystem::path& path);

/// Beside the file, then in its place: at any moment there is a whole one.   @throw std::runtime_error where it cannot
/// be written.
void write_chain_checkpoint(const std::filesystem::path& path, const ChainCheckpoint& checkpoint);

/// @throw std::invalid_argument that names what differs.
void check_same_run(const std::filesystem::path& path, const RunIdentity& file, const RunIdentity& run);

}  // namespace buffon::diffusion

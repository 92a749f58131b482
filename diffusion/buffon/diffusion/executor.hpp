/// Runs a program on the rows of one block. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <buffon/diffusion/program.hpp>
#include <buffon/diffusion/sample.hpp>

namespace buffon::diffusion {

/// What the blocks share.
struct Job {
    const Denoiser& model;
    std::span<const Table> tables;                 // side by side; one unless samples start at several levels
    std::span<const std::int64_t> table_of;        // of each sample; empty: the first
    const Program& program;
    const SampleOptions& options;
    Draws& draws;                                  // each block writes its own rows
    std::function<void(std::int64_t)> progress;    // told of every batch of evaluations; may throw
};

/// Samples first ... first + rows - 1 from their starts to draws.x; the denoiser and the updates may use `threads`.
/// @return evaluations spent
std::int64_t run_block(const Job& job, std::int64_t first, std::int64_t rows, int threads);

}  // namespace buffon::diffusion

/// Runs a program on the rows of one block. Not installed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <buffon/diffusion/program.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/time_shift.hpp>

namespace buffon::diffusion {

/// Streams of one key: that of the starts, then one for each row with noise.
inline constexpr std::uint32_t start_stream = 0x10000;

/// Standard normal numbers on the device of a run: those of sample i at `at` + i * stride, d of its start, then d of
/// each noise row.
struct NoisesThere {
    const double* at = nullptr;
    std::int64_t stride = 0;
};

/// What the blocks share.
struct Job {
    const Denoiser& model;
    std::span<const Table> tables;                 // side by side; one unless samples start at several levels
    std::span<const std::int64_t> table_of;        // of each sample; empty: the first
    const Program& program;
    const SampleOptions& options;
    Draws& draws;                                  // each block writes its own rows
    std::function<void(std::int64_t)> progress;    // told of every batch of evaluations; may throw
    std::atomic<std::int64_t>& guidance;           // rows of the model that guidance asked for besides
    const TimeShift* shift = nullptr;              // of one table: its labels, which then stand in `tables`
    ConstView noises = {};                         // (n, draws * d): numbers of the noise rows; none: those of the streams
    NoisesThere there = {};                        // the same on a device
};

/// Rows of the model beyond the one of each sample.
void count_guidance(const Job& job, std::int64_t rows, std::span<const double> sigma, std::span<const std::int64_t> labels);

/// mu of a sample, (d); nullptr where the schedule reverts to none.
inline const double* mean_of(const Job& job, std::int64_t sample) {
    const auto& mu = job.options.mean;
    return mu ? mu->data.data() + (mu->rows == 1 ? 0 : sample) * mu->cols : nullptr;
}

/// Samples first ... first + rows - 1 from their starts to draws.x; the denoiser and the updates may use `threads`.
/// @return evaluations spent
std::int64_t run_block(const Job& job, std::int64_t first, std::int64_t rows, int threads);

}  // namespace buffon::diffusion

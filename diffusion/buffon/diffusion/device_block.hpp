/// Runs a program on the rows of one block on a CUDA device. Not installed.
#pragma once

#include <cstdint>

#include <buffon/device_work.hpp>
#include <buffon/diffusion/device_denoiser.hpp>
#include <buffon/diffusion/executor.hpp>

namespace buffon::diffusion {

/// The table of the job, if a device can run it.
/// @throw std::invalid_argument for one that chooses its steps, or has Langevin corrections.
void check_on_device(const Table& table, const Program& program);

/// As run_block, with the model as it lies on the device of `queue`. States never leave it but to be recorded, for a callback
/// and at the end.   @return evaluations spent
std::int64_t run_block_on_device(const Job& job, const DeviceQueue& queue, const DeviceFunction& model, std::int64_t first, std::int64_t rows);

}  // namespace buffon::diffusion

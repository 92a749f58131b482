/// Runs a program on the rows of one block on a CUDA device. Not installed.
#pragma once

#include <cstdint>
#include <string>

#include <buffon/device_work.hpp>
#include <buffon/diffusion/device_denoiser.hpp>
#include <buffon/diffusion/executor.hpp>

namespace buffon::diffusion {

/// @throw std::invalid_argument in the name of `who` for a table that chooses its steps, a model that computes on the
/// processor only.
void check_on_device(const std::string& who, const Denoiser& model, const Table& table);
void check_on_device(const std::string& who, const Denoiser& model);

/// Rows that a device holds at once.
std::int64_t rows_on_device(const Denoiser& model, const Program& program);

/// As run_block, with the model as it lies on the device of `queue`. States never leave it but to be recorded, for a callback
/// and at the end.   @return evaluations spent
std::int64_t run_block_on_device(const Job& job, const DeviceQueue& queue, const DeviceFunction& model,
                                 std::int64_t first, std::int64_t rows);

/// The same to `out` (rows, dim), memory of the device, where the draws stay.
void run_block_there(const Job& job, const DeviceQueue& queue, const DeviceFunction& model, std::int64_t first,
                     std::int64_t rows, double* out);

}  // namespace buffon::diffusion

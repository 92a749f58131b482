/// A sampler whose latent numbers and draws lie on a CUDA device. Not installed.
#pragma once

#include <cstdint>
#include <memory>

#include <buffon/device_model.hpp>
#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/problem.hpp>

namespace buffon::diffusion {

/// The model of a sampler_problem on devices: latent numbers (n, dim) go through the table there, the processor looks
/// at the draws.
/// A table or a denoiser that no device runs is said where a run asks for one.
std::shared_ptr<const DeviceModel> sampler_on_device(const Denoiser& model, const Table& table, Model look,
                                                     std::int64_t latent_dim, std::int64_t condition);

}  // namespace buffon::diffusion

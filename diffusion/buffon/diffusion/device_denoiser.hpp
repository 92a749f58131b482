/// What a denoiser is asked on a CUDA device. Not installed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <buffon/device_work.hpp>
#include <buffon/diffusion/denoiser.hpp>

namespace buffon::diffusion {

/// The rows lie on the device, levels and classes on both sides.
struct DeviceQuery {
    const DeviceQueue& queue;
    DeviceRows rows;
    std::span<const double> sigma;            // one noise level for all rows, or one per row
    std::span<const std::int64_t> labels;     // empty: unconditional; else a class per row, -1 for none
    const DeviceLevels* levels = nullptr;     // of exact models: what is asked instead

    double least_sigma() const { return *std::ranges::min_element(sigma); }
};

}  // namespace buffon::diffusion

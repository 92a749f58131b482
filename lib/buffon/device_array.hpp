/// Rows that lie on a CUDA device, as functions take them without a copy.
#pragma once

#include <cstdint>
#include <memory>

#include <buffon/device_model.hpp>

namespace buffon {

/// C-contiguous (rows, cols), float64 or float32. Work on it is queued where `queue` says.
struct DeviceArray {
    DeviceQueue queue;
    const void* data = nullptr;
    bool single = false;                       // float32
    std::int64_t rows = 0, cols = 0;
    std::shared_ptr<const void> owner = {};    // what keeps it alive, if anything must
};

}  // namespace buffon

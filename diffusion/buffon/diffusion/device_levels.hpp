/// Linear combinations of rows on a device, with weights that depend on a row's noise level: what wrappers of denoisers
/// need. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/device_buffer.hpp>
#include <buffon/device_work.hpp>
#include <buffon/diffusion/device_denoiser.hpp>

namespace buffon::diffusion {

/// out = sum_k weights_k in_k over the rows of a query, whose numbers are of one kind; each weights_k is one number, or
/// one per row.
/// `out` may be one of the operands.
struct LevelSum {
    std::vector<const void*> in;
    Number in_number = Number::float64;
    std::vector<std::vector<double>> weights;
    void* out = nullptr;
    Number out_number = Number::float64;
};
void combine_levels(const DeviceQuery& query, std::int64_t cols, const LevelSum& sum);

/// Room for the rows of a query.
inline DeviceBuffer room_for(const DeviceQuery& query, std::int64_t cols, Number number) {
    return {query.queue, query.rows.rows * cols * size_of(number)};
}

}  // namespace buffon::diffusion

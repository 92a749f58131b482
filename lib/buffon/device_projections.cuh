/// Projections of points on directions, as words to sort: what device_projections.cu gives to device_slices.cu.
#pragma once

#include <buffon/device_slice_keys.cuh>

namespace buffon::device {

/// Queues them; `keys` has room for all lines of `what`.
void project(const DeviceSlices& what, const SliceKeys& keys, const DeviceQueue& queue);

}  // namespace buffon::device

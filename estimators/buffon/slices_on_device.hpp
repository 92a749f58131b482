/// The same on CUDA devices. Not installed.
#pragma once

#include <string>

#include <buffon/slices.hpp>
#include <buffon/two_sample.hpp>

namespace buffon {

/// Directions are dealt to the devices in parts of a fixed size, which are added in their order.
/// @throw std::invalid_argument in the name of `who` for a device that is not there, numbers that are not finite.
SliceSums slice_sums_on_device(const std::string& who, const PointSets& x, const ReferencePoints& y,
                               const SliceOptions& options, const std::string& device);

}  // namespace buffon

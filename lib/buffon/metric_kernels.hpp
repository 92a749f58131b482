/// The hot loops of metrics for an instruction set. Not installed.
#pragma once

#include <buffon/kernels.hpp>
#include <buffon/metric_kernel_list.hpp>

namespace buffon {

const MetricKernels& metric_kernels(const Kernels& level = kernels());

}  // namespace buffon

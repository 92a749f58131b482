/// The hot loops of assignment for an instruction set. Not installed.
#pragma once

#include <buffon/assign_kernel_list.hpp>
#include <buffon/kernels.hpp>

namespace buffon {

const AssignKernels& assign_kernels(const Kernels& level = kernels());

}  // namespace buffon

/// What kernels of both precisions share. For the .cu files only.
#pragma once

#include <buffon/device_call.cuh>

namespace buffon::device {

__device__ inline float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
__device__ inline double multiply_add(double a, double b, double c) { return fma(a, b, c); }
__device__ inline float exponential(float x) { return expf(x); }
__device__ inline double exponential(double x) { return exp(x); }

/// A block gets more than 48 KB of shared memory only where that was asked for.
template <class Kernel>
void allow_shared(Kernel* kernel, std::size_t bytes) {
    if (bytes > 48 * 1024)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
              "cudaFuncSetAttribute");
}

}  // namespace buffon::device

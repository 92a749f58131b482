/// What kernels of both precisions share. For the .cu files only.
#pragma once

#include <algorithm>
#include <cmath>

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

/// Into how many parts the work of each block is dealt, so that `together` blocks on each multiprocessor are busy to the end: the
/// fewest within 2 % of the best.
inline int parts_for(std::int64_t blocks, std::int64_t tiles, int together, int device) {
    int processors = 1;
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
    const auto busy = [&](int parts) {
        const double waves = static_cast<double>(blocks * parts) / (static_cast<double>(together) * processors);
        return waves / std::ceil(waves);
    };
    const auto most = static_cast<int>(tiles < 16 ? tiles : 16);
    double best = 0.0;
    for (int parts = 1; parts <= most; ++parts) best = std::max(best, busy(parts));
    for (int parts = 1; parts < most; ++parts)
        if (busy(parts) > 0.98 * best) return parts;
    return most;
}

}  // namespace buffon::device

/// What 32 threads that run together make of a number each. All of them call. For the .cu files only.
#pragma once

#include <cstdint>

namespace buffon::device {

/// The sum, the same bits in all threads.
template <class T>
__device__ T warp_sum(T v) {
    for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
}

__device__ inline double warp_largest(double v) {
    for (int step = 16; step > 0; step /= 2) v = fmax(v, __shfl_xor_sync(0xffffffffu, v, step));
    return v;
}

__device__ inline double warp_least(double v) {
    for (int step = 16; step > 0; step /= 2) v = fmin(v, __shfl_xor_sync(0xffffffffu, v, step));
    return v;
}

__device__ inline std::int64_t warp_least(std::int64_t v) {
    for (int step = 16; step > 0; step /= 2) {
        const long long other = __shfl_xor_sync(0xffffffffu, static_cast<long long>(v), step);
        v = other < v ? other : v;
    }
    return v;
}

/// Of eight numbers each: lane k gets the sum of number k % 8 of all lanes.
__device__ inline double warp_sum_of_rows(double (&v)[8]) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int half = 4; half > 0; half /= 2) {   // of the numbers that are left a lane keeps a half and gives the other away
        const bool upper = lane & half;
#pragma unroll
        for (int k = 0; k < half; ++k) {
            const double mine = upper ? v[k + half] : v[k], theirs = upper ? v[k] : v[k + half];
            v[k] = mine + __shfl_xor_sync(0xffffffffu, theirs, half);
        }
    }
    for (int step = 8; step < 32; step *= 2) v[0] += __shfl_xor_sync(0xffffffffu, v[0], step);
    return v[0];
}

/// The sum of the numbers up to and with this thread's.
__device__ inline double warp_running_sum(double v, int lane) {
    for (int step = 1; step < 32; step *= 2) {
        const double other = __shfl_up_sync(0xffffffffu, v, step);
        if (lane >= step) v += other;
    }
    return v;
}

}   // namespace buffon::device

/// Sums over neighbouring threads of several values at once. For the .cu files only.
#pragma once

namespace buffon::device {

/// Sums over 2^k threads whose numbers differ in the bits from `bit` on, of n >= 2^k values: each thread keeps n / 2^k
/// of them. Those
/// with the bit set keep the upper half, and so on.
template <int n, int lanes, int bit>
__device__ void gather(double* v) {
    if constexpr (lanes > 1 && n > 1) {
        const bool upper = threadIdx.x & bit;
#pragma unroll
        for (int k = 0; k < n / 2; ++k) {
            const double give = upper ? v[k] : v[k + n / 2], keep = upper ? v[k + n / 2] : v[k];
            v[k] = keep + __shfl_xor_sync(0xffffffffu, give, bit);
        }
        gather<n / 2, lanes / 2, 2 * bit>(v);
    } else if constexpr (lanes > 1) {
        v[0] += __shfl_xor_sync(0xffffffffu, v[0], bit);
        gather<1, lanes / 2, 2 * bit>(v);
    }
}

/// Which of n values a thread is left with, of thread number t.
template <int n>
__device__ int gathered(int t) {
    int value = 0;
#pragma unroll
    for (int half = n / 2; half >= 1; half /= 2, t /= 2) value += (t & 1) * half;
    return value;
}

}  // namespace buffon::device

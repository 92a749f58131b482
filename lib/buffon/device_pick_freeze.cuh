/// Sums of a pick-freeze run of a model of one output, in one kernel for every eight inputs: f(A), f(B), and f(A with one input
/// from B) for each input. Every value is a call of the model. For nvcc only; see estimators/buffon/pair_sums.hpp for the sums.
#pragma once

#include <buffon/device_moments.cuh>
#include <buffon/pick_freeze_blocks.hpp>

namespace buffon::device {

inline constexpr int inputs_at_once = 8;   // their sums fill the registers

/// Over the block, in an order that never changes; thread 0 has the result.
template <bool largest>
__device__ double of_block(double v) {
    __shared__ double of_warp[block_threads / 32];
    for (int distance = 16; distance > 0; distance /= 2) {
        const double other = __shfl_down_sync(0xFFFFFFFFu, v, distance);
        v = largest ? (other > v ? other : v) : v + other;
    }
    __syncthreads();   // the one before has been read
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = v;
    __syncthreads();
    if (threadIdx.x > 0) return v;
    for (int w = 1; w < block_threads / 32; ++w) v = largest ? (of_warp[w] > v ? of_warp[w] : v) : v + of_warp[w];
    return v;
}

__device__ inline double larger_size(double most, double v) { return vecmath::absolute(v) > most ? vecmath::absolute(v) : most; }

/// Inputs part * 8, ..., of d.
template <class F, class Rows, bool uniform, int part>
__global__ void __launch_bounds__(block_threads)
    pick_freeze_rows(const __grid_constant__ F f, const __grid_constant__ DeviceDraws draws, double centre,
                     const __grid_constant__ DeviceRange range, const __grid_constant__ RoundKeys keys) {
    constexpr int d = F::inputs, from = part * inputs_at_once, count = d - from < inputs_at_once ? d - from : inputs_at_once;
    __shared__ typename Rows::Shared shared;
    const BlockRows block(draws, range, pick_freeze_block);
    Rows rows(draws, keys, shared, block.begin, block.step);
    double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0, largest = 0;
    double sum[count] = {}, square[count] = {}, with_a[count] = {}, with_b[count] = {}, most[count] = {};
    for (int s = 0; s < block.to; ++s) {
        if (s > 0) rows.next(s);
        if (s < block.from) continue;
        const std::int64_t row = block.begin + threadIdx.x + s * block.step;
        double x[2 * d];   // A, B
        rows.uniforms(row, x);
        through_laws<uniform, d>(draws, x);
        through_laws<uniform, d>(draws, x + d);
        const double fa = f(x) - centre, fb = f(x + d) - centre;
#pragma unroll
        for (int k = 0; k < count; ++k) {
            const double own = x[from + k];
            x[from + k] = x[d + from + k];
            const double step = (f(x) - centre) - fa;
            x[from + k] = own;
            sum[k] += step;
            square[k] += step * step;
            with_a[k] += step * fa;
            with_b[k] += step * fb;
            most[k] = larger_size(most[k], step);
        }
        if constexpr (part == 0) {
            n += 1;
            a += fa;
            b += fb;
            aa += fa * fa;
            bb += fb * fb;
            ab += fa * fb;
            largest = larger_size(larger_size(largest, fa), fb);
        }
    }
    double* record = range.records + blockIdx.x * pick_freeze_numbers(d);
    const auto put = [record](int at, double v) {
        if (threadIdx.x == 0) record[at] = v;
    };
    if constexpr (part == 0) {
        const double sums[] = {n, a, b, aa, bb, ab};
        for (int k = 0; k < 6; ++k) put(k, of_block<false>(sums[k]));
        put(6, of_block<true>(largest));
    }
#pragma unroll
    for (int k = 0; k < count; ++k) {
        const int at = 7 + 5 * (from + k);
        put(at, of_block<false>(sum[k]));
        put(at + 1, of_block<false>(square[k]));
        put(at + 2, of_block<false>(with_a[k]));
        put(at + 3, of_block<false>(with_b[k]));
        put(at + 4, of_block<true>(most[k]));
    }
}

/// Sums over the blocks of each net or replicate, behind their records. A block has a net, a thread a number.
static __global__ void sum_pick_freeze(double* records, const __grid_constant__ PickFreezeBlocks blocks, std::int64_t numbers) {
    records[(blocks.count + blockIdx.x) * numbers + threadIdx.x] = blocks.sum(records, numbers, blockIdx.x, threadIdx.x);
}

}  // namespace buffon::device

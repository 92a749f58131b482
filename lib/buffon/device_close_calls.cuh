/// Candidates for the cells of undecided draws, scored in the processor's arithmetic. For device_cells_hopper.cu only.
#pragma once

#include <cstdint>

#include <buffon/device_cells_images.cuh>

namespace buffon::device {
namespace {

/// -inf ... inf in the order of unsigned numbers, never 0; -0 as 0.
__device__ inline std::uint32_t ordered(float x) {
    const auto bits = __float_as_uint(x + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/// Sixteen lanes have the rows of a candidate's block: their products with its target, turned as the processor turns them.
__global__ void __launch_bounds__(256) score_candidates(const __grid_constant__ DeviceNearest p, const __grid_constant__ Work w) {
    const std::int64_t count = min(w.count[1], w.candidates), dim = p.targets.dim;
    const int j = static_cast<int>(threadIdx.x % 16);
    for (std::int64_t i = (blockIdx.x * std::int64_t{256} + threadIdx.x) / 16;
         i - static_cast<std::int64_t>(threadIdx.x / 16 % 2) < count;
         i += gridDim.x * std::int64_t{16}) {   // both halves of a warp together
        const uint2 candidate = w.candidate[min(i, count - 1)];
        const std::int64_t draw = w.draw[candidate.x], of_block = p.draws_per_block(), block = draw / of_block,
                           target = candidate.y;
        const int number = static_cast<int>(draw % of_block), r = number / (p.mirrored ? 32 : 16);
        const float* x = p.x + block * dim * block_rows + j;
        const float* y = p.targets.points + target / panel * dim * panel + target % panel;
        float v = 0.0f;
#pragma unroll 8
        for (std::int64_t k = 0; k < dim; ++k) v = __fadd_rn(v, __fmul_rn(x[k * block_rows], __ldg(y + k * panel)));
        const auto signs = p.signs.bits(p.first + block, 0);
        for (int turn = 1; turn < p.rotations; ++turn) {   // the same number of steps in both halves
            float turned = v * __uint_as_float(0x3e800000u | (signs[turn / 2] >> (turn % 2 * 16) >> j & 1u) << 31);
#pragma unroll
            for (int step = 1; step < block_rows; step *= 2) {
                const float opposite = __shfl_xor_sync(~0u, turned, step);
                turned = j & step ? opposite - turned : turned + opposite;
            }
            if (turn <= r) v = turned;
        }
        const float h = p.targets.heights[target], score = p.mirrored && number % 32 >= 16 ? h - v : v + h;
        if (i < count && number % 16 == j)
            atomicMax(w.best + candidate.x,
                      static_cast<unsigned long long>(ordered(score)) << 32 | (~static_cast<std::uint32_t>(target)));
    }
}

__global__ void __launch_bounds__(256) settle(const __grid_constant__ DeviceNearest p, const __grid_constant__ Work w) {
    const std::int64_t count = min(w.count[0], w.slots);
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < count; i += gridDim.x * std::int64_t{256})
        p.cell[w.draw[i]] = static_cast<std::int32_t>(~static_cast<std::uint32_t>(w.best[i]));
}

}  // namespace
}  // namespace buffon::device

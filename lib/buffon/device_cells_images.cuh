/// Rows and targets of power cells as tensor cores read them: images of 128 rows and 64 coordinates of half precision. For
/// device_cells_hopper.cu only.
#pragma once

#include <cstdint>

#include <cuda_fp16.h>

#include <buffon/device_cells.hpp>
#include <buffon/device_hopper.cuh>

namespace buffon::device {
namespace {

constexpr int block_rows = static_cast<int>(device_cell_rows), panel = static_cast<int>(device_cell_panel);
constexpr int chunk = 64, image_bytes = 128 * chunk * 2;      // 128 rows of 128 bytes

struct Work {
    unsigned char* rows = nullptr;             // images of the turned rows
    unsigned char* again = nullptr;            // of those that were undecided, mirrored where they were
    std::uint32_t* count = nullptr;            // (2): undecided draws, candidates
    std::int32_t* draw = nullptr;              // (slots)
    float* threshold = nullptr;                // (slots)
    unsigned long long* best = nullptr;        // (slots): ordered score, then the complement of the target
    uint2* candidate = nullptr;                // slot, target
    std::uint32_t slots = 0, candidates = 0;
    std::int64_t packed = 0;                   // rows that are turned
};

/// A thread has two coordinates of one target.
__global__ void __launch_bounds__(256) pack_targets(const __grid_constant__ DeviceHalfTargets t) {
    const std::int64_t pairs = t.chunks() * chunk / 2, panels = (t.targets.panels + 1) / 2 * 2, all = panels * panel * pairs;
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < all; i += gridDim.x * std::int64_t{256}) {
        const std::int64_t at = i % panel, k = i / panel % pairs * 2, p = i / panel / pairs;
        const auto value = [&](std::int64_t c) {
            return p < t.targets.panels && c < t.targets.dim
                       ? t.targets.points[(p * t.targets.dim + c) * panel + at] * t.scale
                       : 0.0f;
        };
        unsigned char* image = static_cast<unsigned char*>(t.images) + (p * t.chunks() + k / chunk) * image_bytes;
        *reinterpret_cast<__half2*>(image + place(static_cast<int>(at), static_cast<int>(k % chunk))) =
            __floats2half2_rn(value(k), value(k + 1));
    }
}

/// A thread has one target; sums are rounded up.
__global__ void __launch_bounds__(256) norms_of(const __grid_constant__ DeviceHalfTargets t) {
    const std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x;
    if (i >= t.targets.size) return;
    double square = 0.0, lost = 0.0;
    for (std::int64_t k = 0; k < t.targets.dim; ++k) {
        const float y = t.targets.points[(i / panel * t.targets.dim + k) * panel + i % panel];
        const double e = static_cast<double>(y) - static_cast<double>(__half2float(__float2half_rn(y * t.scale)) / t.scale);
        square += static_cast<double>(y) * y;
        lost += e * e;
    }
    atomicMax(reinterpret_cast<int*>(t.norms), __float_as_int(__double2float_ru(sqrt(square))));
    atomicMax(reinterpret_cast<int*>(t.norms + 1), __float_as_int(__double2float_ru(sqrt(lost))));
}

/// A thread has two coordinates of the 16 rows of a block, and turns them.
__global__ void __launch_bounds__(256)
    pack_rows(const __grid_constant__ DeviceNearest p, unsigned char* images, std::int64_t chunks) {
    const std::int64_t pairs = chunks * chunk / 2, all = p.blocks * pairs, dim = p.targets.dim;
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < all; i += gridDim.x * std::int64_t{256}) {
        const std::int64_t k = i % pairs * 2, block = i / pairs;
        float v[2][block_rows];
#pragma unroll
        for (int half = 0; half < 2; ++half)
#pragma unroll
            for (int q = 0; q < block_rows / 4; ++q) {
                const float4 x = k + half < dim
                                     ? reinterpret_cast<const float4*>(p.x + (block * dim + k + half) * block_rows)[q]
                                     : float4{};
                v[half][4 * q] = x.x, v[half][4 * q + 1] = x.y, v[half][4 * q + 2] = x.z, v[half][4 * q + 3] = x.w;
            }
        const auto signs = p.signs.bits(p.first + block, 0);
        for (int r = 0; r < p.rotations; ++r) {
            if (r > 0) {
                const unsigned word = signs[r / 2] >> (r % 2 * 16);
#pragma unroll
                for (int half = 0; half < 2; ++half) {
#pragma unroll
                    for (int j = 0; j < block_rows; ++j) v[half][j] *= __uint_as_float(0x3e800000u | (word >> j & 1u) << 31);
#pragma unroll
                    for (int step = 1; step < block_rows; step *= 2)
#pragma unroll
                        for (int j = 0; j < block_rows; ++j) {
                            if (j & step) continue;
                            const float sum = v[half][j] + v[half][j + step];
                            v[half][j + step] = v[half][j] - v[half][j + step];
                            v[half][j] = sum;
                        }
                }
            }
            const std::int64_t first = (block * p.rotations + r) * block_rows;
            unsigned char* image = images + (first / 128 * chunks + k / chunk) * image_bytes;
#pragma unroll
            for (int j = 0; j < block_rows; ++j)
                *reinterpret_cast<__half2*>(image +
                                            place(static_cast<int>(first % 128) + j, static_cast<int>(k % chunk))) =
                    __floats2half2_rn(v[0][j], v[1][j]);
        }
    }
}

/// The turned row of a draw, and its sign.
struct Origin {
    std::int64_t row;
    bool negative;
};

__device__ inline Origin origin_of(const DeviceNearest& p, std::int64_t draw) {
    if (!p.mirrored) return {draw, false};
    return {draw / 32 * 16 + draw % 16, draw % 32 >= 16};
}

/// Rows of undecided draws, 16 bytes a thread.
__global__ void __launch_bounds__(256)
    gather_rows(const __grid_constant__ DeviceNearest p, const __grid_constant__ Work w, std::int64_t chunks) {
    const std::int64_t count = min(w.count[0], w.slots), all = count * chunks * 8;
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < all; i += gridDim.x * std::int64_t{256}) {
        const std::int64_t piece = i % 8, c = i / 8 % chunks, slot = i / 8 / chunks;
        const Origin from = origin_of(p, w.draw[slot]);
        uint4 bits =
            *reinterpret_cast<const uint4*>(w.rows + (from.row / 128 * chunks + c) * image_bytes +
                                            place(static_cast<int>(from.row % 128), static_cast<int>(piece) * 8));
        if (from.negative) bits.x ^= 0x80008000u, bits.y ^= 0x80008000u, bits.z ^= 0x80008000u, bits.w ^= 0x80008000u;
        *reinterpret_cast<uint4*>(w.again + (slot / 128 * chunks + c) * image_bytes +
                                  place(static_cast<int>(slot % 128), static_cast<int>(piece) * 8)) = bits;
    }
}

}  // namespace
}  // namespace buffon::device

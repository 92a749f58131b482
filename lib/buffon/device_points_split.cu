/// The ideal denoiser of a finite data set on the tensor cores of Hopper devices, with the accuracy of float: a number
/// is the sum of two of
/// half precision, 22 bits, and a product three of theirs, summed in float. Logits, weights, and sums over a tile of
/// points never leave
/// registers. A group of 128 threads has 64 rows and meets 128 points at a time, which are copied in some tiles ahead.
/// Source: as in device_points.cu; split products: Markidis et al., arXiv:1803.04014; Ootomo, Yokota, arXiv:2203.03341.
#include <cuda_fp16.h>

#include <buffon/device_functions.cuh>
#include <buffon/device_hopper.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_points.cuh>

namespace buffon::device {
namespace {

constexpr int columns = 64, tile_points = 128, groups = 2, block_rows = 64 * groups, threads = 128 * groups;
constexpr int stages = 5, ahead = 3;   // so one group may be two tiles behind the other
constexpr int tile_bytes = tile_points * 128, group_bytes = 64 * 128;   // of one half of the numbers

/// Numbers are scaled so that the largest lies in [2^13, 2^14): the smaller half of what is 2^-16 of it is still a normal number.
constexpr int top_exponent = 13;
/// Weights are at most 2^14: what is below 1e-9 of the largest still counts.
constexpr float weight_exponent = 14.0f;

struct Point {
    float half_norm, log_weight;   // |y|^2 / 2; log2 of the weight
};

/// What a tile of points is in shared memory.
struct Stage {
    unsigned char high[tile_bytes], low[tile_bytes];
    Point point[tile_points];
};

struct Memory {
    Stage stage[stages];
    unsigned char high[groups][group_bytes], low[groups][group_bytes];   // the rows
    float unscale[block_rows], scale[block_rows];                        // of a row's products; log2(e) / v
    int first[block_rows], last[block_rows];                             // points of each row's class
    std::uint64_t full[stages], empty[stages];
    long long begin, end;
};

struct Images {
    Stage* tiles;          // (tiles)
    unsigned* largest;     // bits of the largest |coordinate|
};

/// The power of two that brings a number to its place.
__device__ inline float scale_for(float largest) {
    if (!(largest > 0) || isinf(largest)) return 1.0f;
    const int exponent = top_exponent - ilogbf(largest);
    return scalbnf(1.0f, exponent < 100 ? exponent : 100);
}

struct Halves {
    std::uint32_t high, low;   // two numbers each
};

__device__ inline Halves split(float a, float b) {
    const __half2 high = __floats2half2_rn(a, b);
    const __half2 low = __floats2half2_rn(a - __low2float(high), b - __high2float(high));
    return {*reinterpret_cast<const std::uint32_t*>(&high), *reinterpret_cast<const std::uint32_t*>(&low)};
}

/// Eight numbers, 16 bytes of each image.
__device__ inline void store(const float (&v)[8], unsigned char* high, unsigned char* low) {
    const Halves a = split(v[0], v[1]), b = split(v[2], v[3]), c = split(v[4], v[5]), d = split(v[6], v[7]);
    *reinterpret_cast<uint4*>(high) = {a.high, b.high, c.high, d.high};
    *reinterpret_cast<uint4*>(low) = {a.low, b.low, c.low, d.low};
}

__global__ void __launch_bounds__(256) find_largest(const float* numbers, std::int64_t n, unsigned* bits) {
    float largest = 0.0f;
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < n; i += gridDim.x * std::int64_t{256})
        largest = fmaxf(largest, fabsf(numbers[i]));
    for (int step = 16; step > 0; step /= 2) largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, step));
    if (threadIdx.x % 32 == 0) atomicMax(bits, __float_as_uint(largest));   // of numbers that are not negative in their order
}

/// A thread has eight coordinates of one point.
__global__ void __launch_bounds__(256) pack(DevicePoints p, Images images, std::int64_t tiles) {
    const float scale = scale_for(__uint_as_float(*images.largest));
    const std::int64_t all = tiles * tile_points * (columns / 8);
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < all; i += gridDim.x * std::int64_t{256}) {
        const std::int64_t point = i / (columns / 8);
        const int piece = static_cast<int>(i % (columns / 8)), at = static_cast<int>(point % tile_points);
        Stage& to = images.tiles[point / tile_points];
        float v[8] = {};
        if (point < p.size)
            for (int k = 0; k < 8; ++k) v[k] = static_cast<const float*>(p.points)[point * columns + 8 * piece + k] * scale;
        store(v, to.high + place(at, 8 * piece), to.low + place(at, 8 * piece));
        if (piece > 0) continue;
        if (point < p.size)
            to.point[at] = {static_cast<const float*>(p.half_norm)[point],
                            static_cast<const float*>(p.log_weight)[point] * static_cast<float>(log2_e)};
        else to.point[at] = {0.0f, lowest};
    }
}

/// A group's rows, relative to the centre: two threads have a row.
__device__ void load_rows(const DevicePoints& p, const DeviceRows& r, std::int64_t first_row, int group,
                          float points_unscale, Memory& m) {
    const int thread = static_cast<int>(threadIdx.x % 128), at = thread / 2, d = static_cast<int>(p.dim), mine = group * 64 + at;
    const std::int64_t row = first_row + mine;
    float v[32], largest = 0.0f;
#pragma unroll
    for (int k = 0; k < 32; ++k) {
        const int j = thread % 2 * 32 + k;
        v[k] = row < r.rows && j < d ? static_cast<float>(load_state(r, row * d + j) - p.centre[j]) : 0.0f;
        largest = fmaxf(largest, fabsf(v[k]));
    }
    const float scale = scale_for(fmaxf(largest, __shfl_xor_sync(~0u, largest, 1)));
#pragma unroll
    for (int q = 0; q < 4; ++q) {
        float piece[8];
#pragma unroll
        for (int k = 0; k < 8; ++k) piece[k] = v[8 * q + k] * scale;
        const int to = place(at, thread % 2 * 32 + 8 * q);
        store(piece, m.high[group] + to, m.low[group] + to);
    }
    if (thread % 2 == 1) return;
    const double variance = variance_of(p, r, row);
    const Span points = points_of(p, r, row);
    m.unscale[mine] = points_unscale / scale;
    m.scale[mine] = static_cast<float>(log2_e / (variance > 1e-30 ? variance : 1e-30));
    m.first[mine] = static_cast<int>(points.first);
    m.last[mine] = static_cast<int>(points.last);
}

/// Tile number n of this block, where tile n - stages was.
__device__ inline void copy_tile(const Images& images, int tile, int n, Memory& m) {
    const int stage = n % stages;
    wait_for(&m.empty[stage], static_cast<unsigned>(n / stages & 1) ^ 1);
    expect(&m.full[stage], sizeof(Stage));
    copy(&m.stage[stage], images.tiles + tile, sizeof(Stage), &m.full[stage]);
}

/// Block (x, y): rows from 128 x, part y of the points. A thread has the rows l / 4 and l / 4 + 8 of the 16 of its
/// warp, and of every
/// eight points, or columns, those from 2 (l % 4).
template <bool labelled>
__global__ void __launch_bounds__(threads, 1) split_tiles(DevicePoints p, DeviceRows r, Parts parts, Images images) {
    extern __shared__ unsigned char raw[];
    Memory& m = *reinterpret_cast<Memory*>(raw + (1024 - address(raw) % 1024) % 1024);
    const std::int64_t first_row = blockIdx.x * std::int64_t{block_rows};
    const int warp = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32), group = warp / 4;
    const float points_unscale = 1.0f / scale_for(__uint_as_float(*images.largest));
    if (threadIdx.x == 0) {
        for (int i = 0; i < stages; ++i) start(&m.full[i], 1), start(&m.empty[i], threads);
        asm volatile("fence.mbarrier_init.release.cluster;\n" ::: "memory");
        m.begin = labelled ? p.size : 0;
        m.end = labelled ? 0 : p.size;
    }
    load_rows(p, r, first_row, group, points_unscale, m);
    asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory");   // rows that were written are read by tensor cores
    __syncthreads();
    if (labelled && threadIdx.x < block_rows && first_row + threadIdx.x < r.rows) {
        atomicMin(&m.begin, static_cast<long long>(m.first[threadIdx.x]));
        atomicMax(&m.end, static_cast<long long>(m.last[threadIdx.x]));
    }
    __syncthreads();
    const int first_tile = static_cast<int>(m.begin) / tile_points,
              tiles = (static_cast<int>(m.end) + tile_points - 1) / tile_points - first_tile;
    const int per_part = (tiles + parts.count - 1) / parts.count, from = first_tile + static_cast<int>(blockIdx.y) * per_part;
    const int to = min(from + per_part, first_tile + tiles);
    if (threadIdx.x == 0)
        for (int n = 0; n < ahead && from + n < to; ++n) copy_tile(images, from + n, n, m);
    const int mine = group * 64 + warp % 4 * 16 + lane / 4;   // and the row 8 below
    const std::uint64_t rows_high = descriptor(address(m.high[group])), rows_low = descriptor(address(m.low[group]));
    float peak[2], total[2], unscale[2], scale[2], sum[32];
    int first[2], last[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        peak[i] = lowest;
        total[i] = 0.0f;
        unscale[i] = m.unscale[mine + 8 * i];
        scale[i] = m.scale[mine + 8 * i];
        first[i] = m.first[mine + 8 * i];
        last[i] = m.last[mine + 8 * i];
    }
#pragma unroll
    for (int c = 0; c < 32; ++c) sum[c] = 0.0f;
    int stage = 0;
    unsigned parity = 0;
    for (int tile = from; tile < to; ++tile) {
        const Stage& at = m.stage[stage];
        if (threadIdx.x == 0 && tile + ahead < to) copy_tile(images, tile + ahead, tile + ahead - from, m);
        wait_for(&m.full[stage], parity);
        const std::uint64_t high = descriptor(address(at.high)), low = descriptor(address(at.low));
        float s[64];
        fence();
#pragma unroll
        for (int k = 0; k < 4; ++k)
            multiply(s, rows_high + 2u * k, low + 2u * k, k);   // small products first: sums are cut, not rounded
#pragma unroll
        for (int k = 0; k < 4; ++k) multiply(s, rows_low + 2u * k, high + 2u * k, 1);
#pragma unroll
        for (int k = 0; k < 4; ++k) multiply(s, rows_high + 2u * k, high + 2u * k, 1);
        commit();
        wait_groups<0>();
        hold(s);
        float top[2] = {peak[0], peak[1]};
#pragma unroll
        for (int q = 0; q < 16; ++q) {
            const float4 two =
                *reinterpret_cast<const float4*>(&at.point[8 * q + lane % 4 * 2]);   // half_norm, log_weight of each
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                float &a = s[4 * q + 2 * i], &b = s[4 * q + 2 * i + 1];
                a = fmaf(fmaf(a, unscale[i], -two.x), scale[i], two.y);
                b = fmaf(fmaf(b, unscale[i], -two.z), scale[i], two.w);
                if constexpr (labelled) {
                    const int point = tile * tile_points + 8 * q + lane % 4 * 2;
                    if (point < first[i] || point >= last[i]) a = lowest;
                    if (point + 1 < first[i] || point + 1 >= last[i]) b = lowest;
                }
                top[i] = fmaxf(top[i], fmaxf(a, b));
            }
        }
        float keep[2], more[2] = {0.0f, 0.0f};
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            top[i] = fmaxf(top[i], __shfl_xor_sync(~0u, top[i], 1));
            top[i] = fmaxf(top[i], __shfl_xor_sync(~0u, top[i], 2));
            keep[i] = power_of_two(peak[i] - top[i]);
            peak[i] = top[i];
            top[i] -= weight_exponent;
        }
        std::uint32_t weight_high[8][4], weight_low[8][4];
#pragma unroll
        for (int q = 0; q < 16; ++q)
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                const float a = power_of_two(s[4 * q + 2 * i] - top[i]), b = power_of_two(s[4 * q + 2 * i + 1] - top[i]);
                more[i] += a + b;
                const Halves both = split(a, b);
                weight_high[q / 2][q % 2 * 2 + i] = both.high;
                weight_low[q / 2][q % 2 * 2 + i] = both.low;
            }
        float of_tile[32];
        fence();
#pragma unroll
        for (int k = 0; k < 8; ++k) multiply(of_tile, weight_high[k], low + 128u * k, k);
#pragma unroll
        for (int k = 0; k < 8; ++k) multiply(of_tile, weight_low[k], high + 128u * k, 1);
#pragma unroll
        for (int k = 0; k < 8; ++k) multiply(of_tile, weight_high[k], high + 128u * k, 1);
        commit();
        wait_groups<0>();
        hold(of_tile);
        arrive(&m.empty[stage]);   // each thread for itself: all have read the tile's points
#pragma unroll
        for (int i = 0; i < 2; ++i) total[i] = fmaf(total[i], keep[i], more[i]);
#pragma unroll
        for (int c = 0; c < 32; ++c) sum[c] = fmaf(sum[c], keep[c / 2 % 2], of_tile[c]);
        if (++stage == stages) stage = 0, parity ^= 1;
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        total[i] += __shfl_xor_sync(~0u, total[i], 1);
        total[i] += __shfl_xor_sync(~0u, total[i], 2);
        const std::int64_t row = first_row + mine + 8 * i;
        if (row >= r.rows) continue;
        const std::int64_t part = row * parts.count + blockIdx.y;
        if (parts.sums != nullptr && lane % 4 == 0) parts.tops[2 * part] = peak[i], parts.tops[2 * part + 1] = total[i];
        const double variance = variance_of(p, r, row);
#pragma unroll
        for (int q = 0; q < 8; ++q)
#pragma unroll
            for (int k = 0; k < 2; ++k) {
                const int column = 8 * q + lane % 4 * 2 + k;
                const float value = sum[4 * q + 2 * i + k] * points_unscale;
                if (parts.sums != nullptr) parts.sums[part * columns + column] = value;
                else if (column < p.dim) store_mean(p, r, row, column, variance, static_cast<double>(value / total[i]));
            }
    }
}

}  // namespace

void split_points(const DevicePoints& p, const DeviceRows& r, const DeviceQueue& queue) {
    const cudaStream_t stream = stream_of(queue);
    const std::int64_t tiles = (p.size + tile_points - 1) / tile_points;
    const unsigned blocks = blocks_for(r.rows, block_rows, INT32_MAX);
    const std::int64_t bytes = tiles * static_cast<std::int64_t>(sizeof(Stage));
    const Scratch<unsigned char> memory(bytes + static_cast<std::int64_t>(sizeof(unsigned)), stream);
    const Images images{reinterpret_cast<Stage*>(memory.data()), reinterpret_cast<unsigned*>(memory.data() + bytes)};
    check(cudaMemsetAsync(images.largest, 0, sizeof(unsigned), stream), "cudaMemsetAsync");
    find_largest<<<blocks_for(p.padded * columns, 256 * 8, 1024), 256, 0, stream>>>(static_cast<const float*>(p.points),
                                                                                    p.padded * columns, images.largest);
    pack<<<blocks_for(tiles * tile_points * (columns / 8), 256, INT32_MAX), 256, 0, stream>>>(p, images, tiles);
    const PartsRoom<columns> room(parts_for(blocks, tiles, 1, queue.device), r.rows, stream);
    const Parts parts = room.parts();
    const auto launch = [&](auto* kernel) {
        allow_shared(kernel, sizeof(Memory) + 1024);
        kernel<<<dim3(blocks, static_cast<unsigned>(parts.count)), threads, sizeof(Memory) + 1024, stream>>>(p, r, parts, images);
    };
    r.labels != nullptr ? launch(split_tiles<true>) : launch(split_tiles<false>);
    join_parts<columns>(p, r, parts, stream);
}

}  // namespace buffon::device

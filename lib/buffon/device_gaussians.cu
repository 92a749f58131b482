/// Log densities of Gaussians at many points, and of their mixture. Products may be fused.
#include <buffon/device_functions.cuh>

#include <buffon/device_gaussian_tiles.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

using namespace gaussian_tiles;

template <int fixed>
__global__ void __launch_bounds__(threads, 2) write_densities(const __grid_constant__ DeviceLogDensities w, int tile) {
    extern __shared__ __align__(16) double shared[];
    const std::int64_t tiles = (w.rows + tile - 1) / tile;
    for (std::int64_t t = blockIdx.x; t < tiles; t += gridDim.x) {
        const std::int64_t first = t * tile;
        load_tile(w.z, first, w.rows, static_cast<int>(w.of.dim), tile, shared);
        __syncthreads();
        tile_densities<fixed>(w.of, shared, tile, [&](int row, int k, double v) {
            if (first + row < w.rows) w.out[(first + row) * w.of.size + k] = v;
        });
        __syncthreads();
    }
}

__global__ void __launch_bounds__(threads, 2) reduce_densities(const __grid_constant__ DeviceLogDensities w, int tile) {
    extern __shared__ __align__(16) double shared[];
    const int size = static_cast<int>(w.of.size), lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    double* densities = shared + tile * w.of.dim;
    const std::int64_t tiles = (w.rows + tile - 1) / tile;
    for (std::int64_t t = blockIdx.x; t < tiles; t += gridDim.x) {
        const std::int64_t first = t * tile;
        load_tile(w.z, first, w.rows, static_cast<int>(w.of.dim), tile, shared);
        __syncthreads();
        tile_densities(w.of, shared, tile, [&](int row, int k, double v) { densities[row * size + k] = v + w.log_share[k]; });
        __syncthreads();
        for (int row = warp; row < tile && first + row < w.rows; row += warps) {
            double top = -vecmath::infinity, sum = 0.0;
            for (int k = lane; k < size; k += 32) top = fmax(top, densities[row * size + k]);
            top = warp_largest(top);
            for (int k = lane; k < size; k += 32) sum += top > -vecmath::infinity ? exp(densities[row * size + k] - top) : 0.0;
            sum = warp_sum(sum);
            if (lane == 0) w.out[first + row] = sum > 0.0 ? top + log(sum) : -vecmath::infinity;
        }
        __syncthreads();
    }
}

/// Rows that a thread has at once; the numbers of all Gaussians are in shared memory, one Gaussian after the other.
constexpr int own_rows = 4;

/// log sum_k share_k g_k: a thread keeps the largest term so far and the sum over it. What is below e^-40 of it changes no digit.
template <int d>
__global__ void __launch_bounds__(threads, 2) mixture_density(const __grid_constant__ DeviceLogDensities w) {
    extern __shared__ __align__(16) double shared[];
    constexpr int length = d + d * (d + 1) / 2 + 1, stride = length + length % 2;
    const int size = static_cast<int>(w.of.size);
    for (int i = threadIdx.x; i < size * length; i += threads) {
        const int k = i / length, e = i % length;
        shared[k * stride + e] = w.of.groups[k / 8 * 8 * length + e * 8 + k % 8] + (e == length - 1 ? w.log_share[k] : 0.0);
    }
    __syncthreads();
    constexpr int block = threads * own_rows;
    for (std::int64_t first = blockIdx.x * std::int64_t{block}; first < w.rows; first += gridDim.x * std::int64_t{block}) {
        double z[own_rows][d], top[own_rows], sum[own_rows];
#pragma unroll
        for (int p = 0; p < own_rows; ++p) {
            const std::int64_t i = first + threadIdx.x + p * threads, row = i < w.rows ? i : w.rows - 1;
#pragma unroll
            for (int j = 0; j < d; ++j) z[p][j] = w.z[row * d + j];
            top[p] = -vecmath::infinity;
            sum[p] = 0.0;
        }
        for (int k = 0; k < size; ++k) {
            const double* number = shared + k * stride;
            double distance[own_rows] = {};
            int at = 0;
#pragma unroll
            for (int r = 0; r < d; ++r) {
                double y[own_rows];
                const double centre = number[at++];
#pragma unroll
                for (int p = 0; p < own_rows; ++p) y[p] = centre;
#pragma unroll
                for (int s = 0; s <= r; ++s) {
                    const double a = number[at++];
#pragma unroll
                    for (int p = 0; p < own_rows; ++p) y[p] += a * z[p][s];
                }
#pragma unroll
                for (int p = 0; p < own_rows; ++p) distance[p] += y[p] * y[p];
            }
#pragma unroll
            for (int p = 0; p < own_rows; ++p) {
                const double term = number[length - 1] - 0.5 * distance[p], gap = term - top[p];
                if (!(gap > -40.0)) continue;
                const double e = exp(gap > 0.0 ? -gap : gap);   // 0 of the first
                sum[p] = gap > 0.0 ? sum[p] * e + 1.0 : sum[p] + e;
                top[p] = gap > 0.0 ? term : top[p];
            }
        }
#pragma unroll
        for (int p = 0; p < own_rows; ++p)
            if (const std::int64_t i = first + threadIdx.x + p * threads; i < w.rows)
                w.out[i] = sum[p] > 0.0 ? top[p] + log(sum[p]) : -vecmath::infinity;
    }
}

template <int d>
std::size_t mixture_bytes(std::int64_t size) {
    constexpr int length = d + d * (d + 1) / 2 + 1;
    return static_cast<std::size_t>(size) * (length + length % 2) * sizeof(double);
}

}  // namespace

const char* log_densities(const DeviceQueue* queue, const DeviceLogDensities* what) {
    return in_words([&] {
        if (what->rows == 0 || what->of.size == 0) return;
        const Use use(queue->device);
        const auto tile = static_cast<int>(tile_rows(what->of));
        const std::size_t bytes = tile_bytes(what->of), small = static_cast<std::size_t>(tile * what->of.dim) * sizeof(double);
        const unsigned blocks = blocks_for(what->rows, tile, 132 * 16);
        const cudaStream_t stream = stream_of(*queue);
        for_dim(what->of.dim, [&]<int d>() {
            if (what->log_share == nullptr) {
                if (small > static_cast<std::size_t>(room))
                    throw std::runtime_error("Gaussians of more than " + std::to_string(room / 8 / together) +
                                             " coordinates do not fit into a block's memory");
                allow_shared(write_densities<d>, small);
                return write_densities<d><<<blocks, threads, small, stream>>>(*what, tile);
            }
            if constexpr (d > 0) {
                if (const std::size_t all = mixture_bytes<d>(what->of.size); all <= static_cast<std::size_t>(room) / 2) {
                    allow_shared(mixture_density<d>, all);
                    return mixture_density<d><<<blocks_for(what->rows, threads * own_rows), threads, all, stream>>>(*what);
                }
            }
            if (bytes > static_cast<std::size_t>(room)) throw std::runtime_error("too many Gaussians for one tile");
            allow_shared(reduce_densities, bytes);
            reduce_densities<<<blocks, threads, bytes, stream>>>(*what, tile);
        });
        check_launch("log_densities");
    });
}

}  // namespace buffon::device

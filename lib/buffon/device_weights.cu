/// What the last sample of aiscv makes of its densities: ratios, columns of the regression, sums of each law. Products may be
/// fused.
#include <buffon/device_functions.cuh>

#include <algorithm>

#include <buffon/device_gaussian_tiles.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

using namespace gaussian_tiles;

constexpr int ahead = 4;   // numbers of a row that a lane has at once: a chain of operations of one would keep it waiting

/// f(k, numbers k, k + 32, ... of a row of `size`, -inf beyond it) for a lane's share of it.
template <class F>
__device__ void for_row(const double* row, int size, const F& f) {
    for (int k = threadIdx.x % 32; k < size; k += 32 * ahead) {
        double v[ahead];
#pragma unroll
        for (int r = 0; r < ahead; ++r) v[r] = k + 32 * r < size ? row[k + 32 * r] : -vecmath::infinity;
        f(k, v);
    }
}

/// Densities of a tile over that of the proposal; then rows of u, and `parts` threads add to the own sums of each of `most` laws.
template <int most, int parts>
__global__ void __launch_bounds__(threads, 2) weigh_rows(const __grid_constant__ DeviceWeights w, int tile) {
    extern __shared__ __align__(16) double shared[];
    const int size = static_cast<int>(w.gaussians.size), d = static_cast<int>(w.gaussians.dim), laws = static_cast<int>(w.laws);
    const int components = static_cast<int>(w.components), fitted = static_cast<int>(w.fitted()),
              width = static_cast<int>(w.width());
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    double *z = shared, *ratio = z + tile * d, *outputs = ratio + tile * size, *alone = outputs + tile;
    double sums[most][DeviceWeights::own_sums] = {};
    const std::int64_t last =
        (blockIdx.x + 1) * DeviceWeights::block_rows < w.rows ? (blockIdx.x + 1) * DeviceWeights::block_rows : w.rows;
    for (std::int64_t first = blockIdx.x * DeviceWeights::block_rows; first < last; first += tile) {
        load_tile(w.z, first, w.rows, d, tile, z);
        __syncthreads();
        tile_densities(w.gaussians, z, tile, [&](int row, int k, double v) { ratio[row * size + k] = v; });
        __syncthreads();
        for (int row = warp; row < tile && first + row < last; row += warps) {
            double* g = ratio + row * size;
            double top = -vecmath::infinity, initial = 0.0, others = 0.0;
            for_row(g, laws + components, [&](int first, const double(&v)[ahead]) {
#pragma unroll
                for (int r = 0; r < ahead; ++r)   // those that are sampled
                    if (const int k = first + 32 * r;
                        k < laws || (k < laws + components && w.alpha[k - laws + 1] > 0.0))
                        top = fmax(top, v[r]);
            });
            top = warp_largest(top);
            for_row(g, size, [&](int first, const double(&v)[ahead]) {
                double e[ahead];
#pragma unroll
                for (int r = 0; r < ahead; ++r) e[r] = vecmath::exp(fmin(v[r] - top, 700.0));
#pragma unroll
                for (int r = 0; r < ahead; ++r) {
                    const int k = first + 32 * r;
                    if (k >= size) break;
                    g[k] = e[r];
                    if (k < laws) initial += e[r];
                    else if (k < laws + components) others += w.alpha[k - laws + 1] * e[r];
                }
            });
            initial = warp_sum(initial) / laws;
            const double q = w.alpha[0] * initial + warp_sum(others), inverse = 1.0 / q, y = w.y[first + row];
            double* u = w.u + (first + row) * width;
            for_row(g, size, [&](int first, const double(&v)[ahead]) {
#pragma unroll
                for (int r = 0; r < ahead; ++r) {
                    const int k = first + 32 * r;
                    if (k >= size) break;
                    const double share = v[r] * inverse;
                    g[k] = share;
                    if (k < laws) {
                        u[components + 2 + k] = share * y;
                        if (w.own) u[components + 2 + laws + k] = share - 1.0;
                    } else {
                        u[k < laws + components ? 1 + k - laws : components + 2 + laws + k - components] = share - 1.0;
                    }
                }
            });
            if (lane == 0) {
                u[0] = initial * inverse - 1.0;
                u[components + 1] = 1.0;
                outputs[row] = y;
                alone[row] = w.alpha[0] * initial * inverse;
            }
        }
        __syncthreads();
        const int count = static_cast<int>(last - first < tile ? last - first : tile);
#pragma unroll
        for (int m = 0; m < most; ++m) {
            const int j = threadIdx.x % (threads / parts) + m * threads;
            if (j >= laws) break;
#pragma unroll 4
            for (int row = threadIdx.x / (threads / parts); row < count; row += parts) {
                const double r = ratio[row * size + j], t = r * outputs[row], f = r - 1.0;
                const double g = fitted > 0 ? ratio[row * size + laws + components + j] - 1.0 : 0.0,
                             counted = alone[row] >= 0.5 ? t : 0.0;
                sums[m][0] += f * f;
                sums[m][1] += f * t;
                sums[m][2] += f * g;
                sums[m][3] += g * g;
                sums[m][4] += g * t;
                sums[m][5] += fabs(counted);
                sums[m][6] += counted * counted;
            }
        }
        __syncthreads();
    }
    if constexpr (parts == 2) {   // there is room: the tile is done with
        const bool gives = threadIdx.x >= threads / 2;
        double* part = shared + threadIdx.x % (threads / 2) * DeviceWeights::own_sums;
        for (int s = 0; s < DeviceWeights::own_sums && gives; ++s) part[s] = sums[0][s];
        __syncthreads();
        if (gives) return;
        for (int s = 0; s < DeviceWeights::own_sums; ++s) sums[0][s] += part[s];
    }
#pragma unroll
    for (int m = 0; m < most; ++m)
        for (int s = 0; s < DeviceWeights::own_sums; ++s)
            if (const int j = threadIdx.x + m * threads; j < laws)
                w.records[(blockIdx.x * DeviceWeights::own_sums + s) * laws + j] = sums[m][s];
}

}  // namespace

const char* weigh(const DeviceQueue* queue, const DeviceWeights* what) {
    return in_words([&] {
        if (what->rows == 0) return;
        const Use use(queue->device);
        const auto tile = static_cast<int>(tile_rows(what->gaussians));
        const std::size_t of_sums = sizeof(double) * DeviceWeights::own_sums * threads / 2,
                          bytes = std::max(tile_bytes(what->gaussians), of_sums);
        if (bytes > static_cast<std::size_t>(room)) throw std::runtime_error("too many Gaussians for one tile");
        const auto run = [&](auto* kernel) {
            allow_shared(kernel, bytes);
            kernel<<<static_cast<unsigned>(what->blocks()), threads, bytes, stream_of(*queue)>>>(*what, tile);
        };
        constexpr int many = static_cast<int>(DeviceWeights::most_laws / threads);
        what->laws <= threads / 2 ? run(weigh_rows<1, 2>)
        : what->laws <= threads   ? run(weigh_rows<1, 1>)
                                  : run(weigh_rows<many, 1>);
        check_launch("weigh_rows");
    });
}

}  // namespace buffon::device

/// Log densities of all Gaussians at a tile of rows, by the threads of a block. For the .cu files only.
#pragma once

#include <cstddef>
#include <cstdint>

#include <buffon/device_work.hpp>

namespace buffon::device::gaussian_tiles {

constexpr int threads = 256, warps = threads / 32;
constexpr int together = 8;   // rows that share a load of a coefficient
constexpr std::int64_t room = 200 * 1024;   // bytes of shared memory

/// Rows of a tile: as many as the threads take at once, each two Gaussians at `together` rows; fewer where their densities would
/// not find room.
inline std::int64_t tile_rows(const DeviceGaussians& of) {
    const std::int64_t pairs = (of.size + 1) / 2;
    std::int64_t groups = pairs < threads ? threads / pairs : 1;
    while (groups > 1 && groups * together * (of.size + of.dim + 2) * 8 > room / 2) --groups;
    return (groups < 8 ? groups : 8) * together;
}

inline std::size_t tile_bytes(const DeviceGaussians& of) { return static_cast<std::size_t>(tile_rows(of) * (of.size + of.dim + 2) * 8); }

/// z of a tile's rows, coordinate by coordinate; rows beyond the last are copies of it.
__device__ inline void load_tile(const double* z, std::int64_t first, std::int64_t rows, int dim, int tile, double* to) {
    for (int k = threadIdx.x; k < tile * dim; k += threads) {
        const std::int64_t i = first + k / dim;
        to[k % dim * tile + k / dim] = z[(i < rows ? i : rows - 1) * dim + k % dim];
    }
}

/// Log densities of the Gaussians k and `second` at the rows of a tile from z on; of `fixed` coordinates, or of any number.
template <int fixed = 0>
__device__ void log_densities_of(const DeviceGaussians& of, int k, int second, const double* z, int tile,
                                 double (&out)[2][together]) {
    const int d = fixed > 0 ? fixed : static_cast<int>(of.dim);
    const std::int64_t length = d + std::int64_t{d} * (d + 1) / 2 + 1;   // all of them may be more than 2^31 numbers
    const double *first_number = of.groups + k / 8 * 8 * length + k % 8,
                 *second_number = of.groups + second / 8 * 8 * length + second % 8;
    double distance[2][together] = {};
    int at = 0;
#pragma unroll 1   // with all numbers of a Gaussian on their way at once there are no registers left
    for (int r = 0; r < d; ++r) {
        const double start[2] = {__ldg(first_number + at), __ldg(second_number + at)};
        double y[2][together];
#pragma unroll
        for (int s = 0; s < (fixed > 0 ? fixed : d); ++s) {
            if (s > r) break;
            at += 8;
            const double a = __ldg(first_number + at), b = __ldg(second_number + at);
#pragma unroll
            for (int p = 0; p < together; p += 2) {
                const double2 v = *reinterpret_cast<const double2*>(z + s * tile + p);
                y[0][p] = a * v.x + (s == 0 ? start[0] : y[0][p]);
                y[0][p + 1] = a * v.y + (s == 0 ? start[0] : y[0][p + 1]);
                y[1][p] = b * v.x + (s == 0 ? start[1] : y[1][p]);
                y[1][p + 1] = b * v.y + (s == 0 ? start[1] : y[1][p + 1]);
            }
        }
        at += 8;
#pragma unroll
        for (int c = 0; c < 2; ++c)
#pragma unroll
            for (int p = 0; p < together; ++p) distance[c][p] += y[c][p] * y[c][p];
    }
    const double constant[2] = {__ldg(first_number + at), __ldg(second_number + at)};
#pragma unroll
    for (int c = 0; c < 2; ++c)
#pragma unroll
        for (int p = 0; p < together; ++p) out[c][p] = constant[c] - 0.5 * distance[c][p];
}

/// Log densities of a tile, store(row, k, value).
template <int fixed = 0, class Store>
__device__ void tile_densities(const DeviceGaussians& of, const double* z, int tile, const Store& store) {
    const int size = static_cast<int>(of.size), pairs = (size + 1) / 2;
    for (int item = threadIdx.x; item < pairs * (tile / together); item += threads) {
        const int k[2] = {item % pairs, item % pairs + pairs}, from = item / pairs * together;
        double v[2][together];
        log_densities_of<fixed>(of, k[0], k[1] < size ? k[1] : k[0], z + from, tile, v);   // of an odd number the last one twice
#pragma unroll
        for (int c = 0; c < 2; ++c) {
            if (k[c] >= size) break;
#pragma unroll
            for (int p = 0; p < together; ++p) store(from + p, k[c], v[c][p]);
        }
    }
}

constexpr int most_fixed = 8;   // coordinates that kernels know when they are compiled

/// f<d>() for this d where one is compiled, else f<0>().
template <int d = most_fixed, class F>
void for_dim(std::int64_t dim, const F& f) {
    if constexpr (d == 0) return f.template operator()<0>();
    else if (dim == d) return f.template operator()<d>();
    else return for_dim<d - 1>(dim, f);
}

}  // namespace buffon::device::gaussian_tiles

/// What exact models know of the noise level on a device: log p_sigma(x) at all levels of a grid, of mixtures and of finite data
/// sets, and densities at the level of each row of the latter. All in double.
#include <buffon/device_functions.cuh>

#include <algorithm>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_mixture_rows.cuh>
#include <buffon/device_scratch.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/normal_functions.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256, warps = threads / 32;
/// Distances that are in memory at once.
constexpr std::int64_t distances_at_once = std::int64_t{1} << 27;

/// (size, count): what multiplies exp(-distance / 2) at each level, but for a constant.
__global__ void __launch_bounds__(threads) level_norms(DeviceMixture m, DeviceLevels w, double* norms) {
    const std::int64_t left = m.dim - m.rank;
    for (std::int64_t e = blockIdx.x * std::int64_t{threads} + threadIdx.x; e < m.size * w.count;
         e += gridDim.x * std::int64_t{threads}) {
        const std::int64_t k = e / w.count;
        const double sigma = w.levels[e % w.count], s2 = sigma * sigma;
        double sum = left > 0 ? static_cast<double>(left) * log(m.rest[k] + s2) : 0.0;
        for (std::int64_t j = 0; j < m.rank; ++j) sum += log(m.variance[k * m.rank + j] + s2);
        norms[e] = m.log_weight[k] - sum / 2;
    }
}

/// Block (x, y): rows from R x, a thread for each of 256 levels from 256 y. The axes are those of every level: a row is placed
/// once, and a precision serves R rows.
template <int R>
__global__ void __launch_bounds__(threads) levels_of_mixture(DeviceMixture m, DeviceLevels w, const double* norms) {
    extern __shared__ double memory[];
    const std::int64_t d = m.dim, rank = m.rank, first = blockIdx.x * std::int64_t{R};
    double* const offset = memory;          // (R, d)
    double* const y = offset + R * d;       // (R, rank)
    double* const squares = y + R * rank;   // (rank, R), of y: rows beside each other, to be read at once
    __shared__ double aside[R];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const std::int64_t level = blockIdx.y * std::int64_t{threads} + threadIdx.x;
    const double sigma = w.levels[level < w.count ? level : 0], s2 = sigma * sigma;
    double peak[R], total[R];
    for (int q = 0; q < R; ++q) peak[q] = -INFINITY, total[q] = 0.0;
    for (std::int64_t k = 0; k < m.size; ++k) {
        place_rows<double, R>(m, k, w.x, first, w.rows, offset, y);
        for (int q = warp; rank < d && q < R; q += warps) {
            const double square = warp_sum(part_aside(m, k, q, lane, offset, y));
            if (lane == 0) aside[q] = square;
        }
        for (std::int64_t e = threadIdx.x; e < R * rank; e += threads) squares[e % rank * R + e / rank] = y[e] * y[e];
        __syncthreads();
        double distance[R] = {};
        for (std::int64_t j = 0; j < rank; ++j) {
            const double precision = 1 / (m.variance[k * rank + j] + s2);
            if constexpr (R % 2 == 0) {
                const auto* pairs = reinterpret_cast<const double2*>(squares + j * R);
#pragma unroll
                for (int q = 0; q < R; q += 2) {
                    const double2 two = pairs[q / 2];
                    distance[q] = fma(two.x, precision, distance[q]);
                    distance[q + 1] = fma(two.y, precision, distance[q + 1]);
                }
            } else {
                for (int q = 0; q < R; ++q) distance[q] = fma(squares[j * R + q], precision, distance[q]);
            }
        }
        const double rest = rank < d ? 1 / (m.rest[k] + s2) : 0.0,
                     norm = level < w.count ? norms[k * w.count + level] : 0.0;
#pragma unroll
        for (int q = 0; q < R; ++q) {
            const double here = norm - (distance[q] + (rank < d ? aside[q] * rest : 0.0)) / 2;
            if (!(here > -INFINITY)) continue;   // a row so far out that nothing is left of it
            const double less = exp(-fabs(here - peak[q]));
            total[q] = here > peak[q] ? total[q] * less + 1 : total[q] + less;
            peak[q] = here > peak[q] ? here : peak[q];
        }
    }
    if (level >= w.count) return;
    for (int q = 0; q < R && first + q < w.rows; ++q) w.out[(first + q) * w.count + level] = peak[q] + log(total[q]);
}

template <int R>
void run_levels(const DeviceMixture& m, const DeviceLevels& w, const double* norms, cudaStream_t stream) {
    const std::size_t bytes = static_cast<std::size_t>(R * (m.dim + 2 * m.rank)) * sizeof(double);
    allow_shared(levels_of_mixture<R>, bytes);
    levels_of_mixture<R>
        <<<dim3(blocks_for(w.rows, R, INT32_MAX), blocks_for(w.count, threads)), threads, bytes, stream>>>(m, w, norms);
}

/// squares (rows, size) of the distances of rows from x on to all points: a block has R rows, its threads a point each.
template <int R>
__global__ void __launch_bounds__(threads)
    distances(DevicePoints p, const double* x, std::int64_t rows, double* squares) {
    extern __shared__ double row_of[];   // (R, dim)
    const std::int64_t d = p.dim, first = blockIdx.x * std::int64_t{R};
    const double* transposed = static_cast<const double*>(p.transposed);
    for (std::int64_t e = threadIdx.x; e < R * d; e += threads)
        row_of[e] = first + e / d < rows ? x[first * d + e] - p.centre[e % d] : 0.0;
    __syncthreads();
    for (std::int64_t point = blockIdx.y * std::int64_t{threads} + threadIdx.x; point < p.size;
         point += gridDim.y * std::int64_t{threads}) {
        double square[R] = {};
        for (std::int64_t j = 0; j < d; ++j) {
            const double y = transposed[j * p.padded + point];
#pragma unroll
            for (int q = 0; q < R; ++q) square[q] = fma(row_of[q * d + j] - y, row_of[q * d + j] - y, square[q]);
        }
        for (int q = 0; q < R && first + q < rows; ++q) squares[(first + q) * p.size + point] = square[q];
    }
}

/// The smallest of n numbers, in all threads of a block.
__device__ double least_of(const double* v, std::int64_t n) {
    __shared__ double of_warp[warps];
    double least = INFINITY;
    for (std::int64_t i = threadIdx.x; i < n; i += threads) least = v[i] < least ? v[i] : least;
    least = warp_least(least);
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = least;
    __syncthreads();
    for (int i = 0; i < warps; ++i) least = of_warp[i] < least ? of_warp[i] : least;
    return least;
}

/// A weight's share at v = sigma^2 + bandwidth^2, relative to the nearest point: none underflows that counts.
__device__ double share_of(const double* log_weight, const double* squares, std::int64_t i, double nearest,
                           double half_inverse) {
    return exp(log_weight[i] - (squares[i] - nearest) * half_inverse);
}

/// Block (x, y): row x, a thread for each of 256 levels from 256 y; all read the same point at once.
__global__ void __launch_bounds__(threads) levels_of_points(DevicePoints p, DeviceLevels w, const double* squares) {
    const double* mine = squares + blockIdx.x * p.size;
    const double* log_weight = static_cast<const double*>(p.log_weight);
    const double nearest = least_of(mine, p.size);
    const std::int64_t level = blockIdx.y * std::int64_t{threads} + threadIdx.x;
    if (level >= w.count) return;
    const double sigma = w.levels[level], v = sigma * sigma + p.bandwidth * p.bandwidth, half_inverse = 0.5 / v;
    double total = 0.0;
    for (std::int64_t i = 0; i < p.size; ++i) total += share_of(log_weight, mine, i, nearest, half_inverse);
    w.out[blockIdx.x * w.count + level] = log(total) - nearest * half_inverse - static_cast<double>(p.dim) * log(v) / 2;
}

/// A block has a row: its density and the probabilities of the classes.
__global__ void __launch_bounds__(threads)
    densities_of_points(DevicePoints p, DeviceRows r, const double* squares, std::int64_t from) {
    const double* mine = squares + blockIdx.x * p.size;
    const double* log_weight = static_cast<const double*>(p.log_weight);
    const std::int64_t row = from + blockIdx.x;
    const double sigma = r.sigmas != nullptr ? r.sigmas[row] : r.sigma, v = sigma * sigma + p.bandwidth * p.bandwidth,
                 half_inverse = 0.5 / v, nearest = least_of(mine, p.size);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    __shared__ double sums[warps];
    const std::int64_t classes = r.modes != nullptr ? p.classes : warps;
    double sum = 0.0;
    for (std::int64_t c = warp; c < classes; c += warps) {   // a warp has a class, or an eighth of the points
        const std::int64_t begin = r.modes != nullptr ? p.starts[c] : p.size * c / warps,
                           end = r.modes != nullptr ? p.starts[c + 1] : p.size * (c + 1) / warps;
        double part = 0.0;
        for (std::int64_t i = begin + lane; i < end; i += 32)
            part += share_of(log_weight, mine, i, nearest, half_inverse);
        part = warp_sum(part);
        if (r.modes != nullptr && lane == 0) r.modes[row * classes + c] = part;
        sum += part;
    }
    if (lane == 0) sums[warp] = sum;
    __syncthreads();
    double total = 0.0;
    for (int i = 0; i < warps; ++i) total += sums[i];
    for (std::int64_t c = threadIdx.x; r.modes != nullptr && c < classes; c += threads)
        r.modes[row * classes + c] /= total;
    if (r.log_density != nullptr && threadIdx.x == 0)
        r.log_density[row] =
            log(total) - nearest * half_inverse - static_cast<double>(p.dim) * (half_log_two_pi + log(v) / 2);
}

/// f(first row, rows, their squared distances) for pieces of all rows.
template <class F>
void over_distances(const DevicePoints& p, const double* x, std::int64_t rows, cudaStream_t stream, const F& f) {
    constexpr int R = 4;
    const std::size_t bytes = static_cast<std::size_t>(R * p.dim) * sizeof(double);
    const std::int64_t at_once = std::clamp<std::int64_t>(distances_at_once / p.size, 1, rows);
    Scratch<double> squares(at_once * p.size, stream);
    allow_shared(distances<R>, bytes);
    for (std::int64_t first = 0; first < rows; first += at_once) {
        const std::int64_t count = std::min(at_once, rows - first);
        const dim3 blocks(blocks_for(count, R, INT32_MAX), blocks_for(p.size, threads, 64));
        distances<R><<<blocks, threads, bytes, stream>>>(p, x + first * p.dim, count, squares.data());
        f(first, count, squares.data());
    }
}

}   // namespace

const char* mixture_levels(const DeviceQueue* queue, const DeviceMixture* of, const DeviceLevels* what) {
    return in_words([&] {
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        Scratch<double> norms(of->size * what->count, stream);
        level_norms<<<blocks_for(of->size * what->count, threads), threads, 0, stream>>>(*of, *what, norms.data());
        constexpr std::size_t most = 200 * 1024;
        const bool narrow = static_cast<std::size_t>(8 * (of->dim + 2 * of->rank)) * sizeof(double) <= most;
        narrow ? run_levels<8>(*of, *what, norms.data(), stream) : run_levels<1>(*of, *what, norms.data(), stream);
        check_launch("mixture_levels");
    });
}

const char* point_levels(const DeviceQueue* queue, const DevicePoints* of, const DeviceLevels* what) {
    return in_words([&] {
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        over_distances(*of, what->x, what->rows, stream,
                       [&](std::int64_t first, std::int64_t rows, const double* squares) {
                           DeviceLevels piece = *what;
                           piece.out += first * what->count;
                           levels_of_points<<<dim3(static_cast<unsigned>(rows), blocks_for(what->count, threads)),
                                              threads, 0, stream>>>(*of, piece, squares);
                       });
        check_launch("point_levels");
    });
}

const char* point_densities(const DeviceQueue* queue, const DevicePoints* of, const DeviceRows* rows) {
    return in_words([&] {
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        over_distances(*of, static_cast<const double*>(rows->x), rows->rows, stream,
                       [&](std::int64_t first, std::int64_t count, const double* squares) {
                           densities_of_points<<<static_cast<unsigned>(count), threads, 0, stream>>>(*of, *rows,
                                                                                                     squares, first);
                       });
        check_launch("point_densities");
    });
}

}   // namespace buffon::device

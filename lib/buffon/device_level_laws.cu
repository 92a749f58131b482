/// What a finite data set knows of the noise level on a device: log p_sigma(x) at all levels of a grid, and densities at the
/// level of each row. All in double.
#include <buffon/device_functions.cuh>

#include <algorithm>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_scratch.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/normal_functions.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256, warps = threads / 32;
/// Distances that are in memory at once.
constexpr std::int64_t distances_at_once = std::int64_t{1} << 27;

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

/// Sums of squares of rows on a device, and what Langevin corrections make of them. In double.
#include <buffon/device_functions.cuh>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <buffon/device_call.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/langevin_correction.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256, warps = threads / 32;

__device__ double number_at(const void* from, Number number, std::int64_t at) {
    switch (number) {
        case Number::float32: return static_cast<const float*>(from)[at];
        case Number::float16: return __half2float(static_cast<const __half*>(from)[at]);
        case Number::bfloat16: return __bfloat162float(static_cast<const __nv_bfloat16*>(from)[at]);
        case Number::float64: break;
    }
    return static_cast<const double*>(from)[at];
}

/// A warp has a row.
__global__ void __launch_bounds__(threads) squares_of(DeviceRowSquares s) {
    const std::int64_t row = blockIdx.x * std::int64_t{warps} + threadIdx.x / 32;
    if (row >= s.rows) return;
    const auto gap = [&](std::int64_t j) {
        const double v = number_at(s.x, s.number, row * s.cols + j);
        return s.less == nullptr ? v : v - number_at(s.less, s.number, row * s.cols + j);
    };
    double mean = 0.0, sum = 0.0;
    for (std::int64_t j = threadIdx.x % 32; s.centred && j < s.cols; j += 32) mean += gap(j) / static_cast<double>(s.cols);
    mean = warp_sum(mean);
    for (std::int64_t j = threadIdx.x % 32; j < s.cols; j += 32) sum += (gap(j) - mean) * (gap(j) - mean);
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) s.out[row] = sum;
}

/// The mean over all rows of the roots, in all threads of the one block.
__device__ double mean_root(const double* squares, std::int64_t rows) {
    __shared__ double of_warp[warps];
    double sum = 0.0;
    for (std::int64_t i = threadIdx.x; i < rows; i += threads) sum += sqrt(squares[i]) / static_cast<double>(rows);
    sum = warp_sum(sum);
    __syncthreads();
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
    __syncthreads();
    double total = 0.0;
    for (int i = 0; i < warps; ++i) total += of_warp[i];
    return total;
}

/// One block.
__global__ void __launch_bounds__(threads) corrections_of(DeviceCorrections c) {
    const double drawn = c.pooled ? mean_root(c.drawn, c.rows) : 0.0, pull = c.pooled ? mean_root(c.pull, c.rows) : 0.0;
    for (std::int64_t row = threadIdx.x; row < c.rows; row += threads) {
        const std::int64_t group = c.group_of != nullptr ? c.group_of[row] : 0;
        const auto step = LangevinCorrection::of(c.scale[group], c.pooled ? drawn : sqrt(c.drawn[row]),
                                                 c.pooled ? pull : sqrt(c.pull[row]), c.rho[group]);
        c.coefficients[row] = 1 - step.weight;
        c.coefficients[c.rows + row] = step.weight;
        c.coefficients[2 * c.rows + row] = 0.0;
        c.coefficients[3 * c.rows + row] = step.noise;
    }
}

}  // namespace

const char* row_squares(const DeviceQueue* queue, const DeviceRowSquares* what) {
    return in_words([&] {
        const Use use(queue->device);
        squares_of<<<blocks_for(what->rows, warps, INT32_MAX), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("row_squares");
    });
}

const char* corrections(const DeviceQueue* queue, const DeviceCorrections* what) {
    return in_words([&] {
        const Use use(queue->device);
        corrections_of<<<1, threads, 0, stream_of(*queue)>>>(*what);
        check_launch("corrections");
    });
}

}  // namespace buffon::device

/// Scores of all pairs of a draw and a target, stored, and what softened cells and Newton's step read from them.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int rows = static_cast<int>(device_cell_rows), panel = static_cast<int>(device_cell_panel);

/// A thread has one row and one target at a time.
__device__ float plain_score(const DeviceCellTargets& t, const float* x, std::int64_t target) {
    const float* y = t.points + target / panel * t.dim * panel + target % panel;
    float sum = 0.0f;
    for (std::int64_t k = 0; k < t.dim; ++k) sum = __fadd_rn(sum, __fmul_rn(x[k * rows], y[k * panel]));
    return sum + t.heights[target];
}

__global__ void __launch_bounds__(256) scores_of(const __grid_constant__ DeviceCellScores s) {
    const std::int64_t all = s.blocks * rows * s.stride;
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < all; i += gridDim.x * std::int64_t{256}) {
        const std::int64_t row = i / s.stride, target = i % s.stride;
        s.scores[i] = plain_score(s.targets, s.x + row / rows * s.targets.dim * rows + row % rows, target);
    }
}

constexpr double least_exponent = 32.0;   // the processor's: smaller terms are left out

/// Largest exponent, reciprocal sum and least score of each row, as the processor has them, one target after the other.
__global__ void __launch_bounds__(128) soft_rows(const __grid_constant__ DeviceSoftSums s) {
    const std::int64_t row = blockIdx.x * std::int64_t{128} + threadIdx.x;
    if (row >= s.blocks * rows) return;
    const float* scores = s.scores + row * s.stride;
    float best = -INFINITY;
    for (std::int64_t i = 0; i < s.size; ++i) best = fmaxf(best, scores[i]);
    const float least = best - static_cast<float>(least_exponent * s.width);
    const double scale = 1 / s.width, top = static_cast<double>(best) * scale;
    double total = 0.0;
    for (std::int64_t i = 0; i < s.size; ++i)
        if (scores[i] >= least) total += vecmath::exp(static_cast<double>(scores[i]) * scale - top);
    s.rows[3 * row] = top;
    s.rows[3 * row + 1] = 1 / total;
    s.rows[3 * row + 2] = static_cast<double>(least);
}

__global__ void __launch_bounds__(128) soft_parts(const __grid_constant__ DeviceSoftSums s) {
    const std::int64_t i = blockIdx.x * std::int64_t{128} + threadIdx.x, block = blockIdx.y;
    if (i >= s.size) return;
    const double scale = 1 / s.width;
    double sum = 0.0;
    for (std::int64_t row = block * rows; row < (block + 1) * rows; ++row) {
        const auto score = static_cast<double>(s.scores[row * s.stride + i]);
        if (score >= s.rows[3 * row + 2]) sum += vecmath::exp(score * scale - s.rows[3 * row]) * s.rows[3 * row + 1];
    }
    s.parts[block * s.size + i] = sum;
}

__global__ void __launch_bounds__(128) soft_total(const __grid_constant__ DeviceSoftSums s) {
    const std::int64_t i = blockIdx.x * std::int64_t{128} + threadIdx.x;
    if (i >= s.size) return;
    double sum = s.sums[i];
    for (std::int64_t block = 0; block < s.blocks; ++block) sum += s.parts[block * s.size + i];
    s.sums[i] = sum;
}

__global__ void __launch_bounds__(256) shortfalls_of(const __grid_constant__ DeviceShortfalls s) {
    const std::int64_t target = s.listed[blockIdx.x];
    float least = INFINITY;
    for (std::int64_t row = blockIdx.y * std::int64_t{256} + threadIdx.x; row < s.blocks * rows;
         row += gridDim.y * std::int64_t{256})
        least = fminf(least, s.best[row] - plain_score(s.targets, s.x + row / rows * s.targets.dim * rows + row % rows, target));
    atomicMin(reinterpret_cast<int*>(s.least + blockIdx.x), __float_as_int(least + 0.0f));   // not negative: bits are ordered
}

}  // namespace

const char* cell_scores(const DeviceQueue* queue, const DeviceCellScores* what) {
    return in_words([&] {
        const Use use(queue->device);
        scores_of<<<blocks_for(what->blocks * rows * what->stride, 256), 256, 0, stream_of(*queue)>>>(*what);
        check_launch("scores_of");
    });
}

const char* soft_cells(const DeviceQueue* queue, const DeviceSoftSums* what) {
    return in_words([&] {
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        soft_rows<<<blocks_for(what->blocks * rows, 128, INT32_MAX), 128, 0, stream>>>(*what);
        soft_parts<<<dim3(blocks_for(what->size, 128, INT32_MAX), static_cast<unsigned>(what->blocks)), 128, 0, stream>>>(*what);
        soft_total<<<blocks_for(what->size, 128, INT32_MAX), 128, 0, stream>>>(*what);
        check_launch("soft_cells");
    });
}

const char* shortfalls(const DeviceQueue* queue, const DeviceShortfalls* what) {
    return in_words([&] {
        const Use use(queue->device);
        shortfalls_of<<<dim3(static_cast<unsigned>(what->count), 32), 256, 0, stream_of(*queue)>>>(*what);
        check_launch("shortfalls_of");
    });
}

}  // namespace buffon::device

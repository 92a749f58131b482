/// Moments of a model over the rows of a run, in one kernel: draw, evaluate, accumulate. For nvcc only.
/// Source: Chan, Golub, LeVeque (1983) for the merging of centred sums; those of a thread are shifted by its first value.
#pragma once

#include <buffon/device_rows.cuh>

namespace buffon::device {

/// y (outputs) of one point; f(x) is a number, or f(x, y) fills in F::outputs of them.
template <class F>
struct ModelOf {
    static constexpr int inputs = F::inputs;
    static constexpr int outputs = [] {
        if constexpr (requires { F::outputs; }) return F::outputs;
        else return 1;
    }();
    __host__ __device__ static void at(const F& f, const double* x, double* y) {
        if constexpr (requires { F::outputs; }) f(x, y);
        else y[0] = f(x);
    }
};

template <int m>
struct BlockMoments {
    static constexpr int pairs = m * (m + 1) / 2;
    double n = 0.0, mean[m] = {}, scatter[pairs] = {};

    __device__ void merge(const BlockMoments& other) {
        const double total = n + other.n;
        if (other.n == 0.0) return;
        double gap[m];
        const double share = other.n / total;
#pragma unroll
        for (int j = 0; j < m; ++j) gap[j] = other.mean[j] - mean[j];
#pragma unroll
        for (int j = 0, p = 0; j < m; ++j)
#pragma unroll
            for (int k = 0; k <= j; ++k, ++p) scatter[p] += other.scatter[p] + gap[j] * gap[k] * n * share;
#pragma unroll
        for (int j = 0; j < m; ++j) mean[j] += gap[j] * share;
        n = total;
    }
    __device__ BlockMoments of_lane_below(int distance) const {
        constexpr unsigned all = 0xFFFFFFFFu;
        BlockMoments other;
        other.n = __shfl_down_sync(all, n, distance);
#pragma unroll
        for (int j = 0; j < m; ++j) other.mean[j] = __shfl_down_sync(all, mean[j], distance);
#pragma unroll
        for (int p = 0; p < pairs; ++p) other.scatter[p] = __shfl_down_sync(all, scatter[p], distance);
        return other;
    }
    /// Of all threads of the block, into a record; in an order that never changes.
    __device__ void store(double* record) {
        __shared__ BlockMoments of_warp[block_threads / 32];
        for (int distance = 16; distance > 0; distance /= 2) merge(of_lane_below(distance));
        if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = *this;
        __syncthreads();
        if (threadIdx.x > 0) return;
        for (int w = 1; w < block_threads / 32; ++w) merge(of_warp[w]);
        *record++ = n;
        for (int j = 0; j < m; ++j) *record++ = mean[j];
        for (int p = 0; p < pairs; ++p) *record++ = scatter[p];
    }
};

/// Sums of a thread, shifted by its first value: no division, and digits are lost only where a spread is far below that value's
/// distance from the mean.
template <int m>
struct ShiftedSums {
    int n = 0;
    double shift[m] = {}, sum[m] = {}, product[m * (m + 1) / 2] = {};

    __device__ void add(const double* y) {
        if (n == 0) {
#pragma unroll
            for (int j = 0; j < m; ++j) shift[j] = y[j];
        }
        ++n;
        double gap[m];
#pragma unroll
        for (int j = 0, p = 0; j < m; ++j) {
            gap[j] = y[j] - shift[j];
            sum[j] += gap[j];
#pragma unroll
            for (int k = 0; k <= j; ++k, ++p) product[p] += gap[j] * gap[k];
        }
    }
    __device__ BlockMoments<m> moments() const {
        BlockMoments<m> out;
        out.n = n;
        if (n == 0) return out;
#pragma unroll
        for (int j = 0, p = 0; j < m; ++j) {
            out.mean[j] = shift[j] + sum[j] / n;
#pragma unroll
            for (int k = 0; k <= j; ++k, ++p) out.scatter[p] = product[p] - sum[j] * (sum[k] / n);
        }
        return out;
    }
};

template <class F, class Rows, bool uniform>
__global__ void __launch_bounds__(block_threads)
    moments_of_rows(const __grid_constant__ F f, const __grid_constant__ DeviceDraws draws,
                    const __grid_constant__ DeviceRange range, const __grid_constant__ RoundKeys keys) {
    using Model = ModelOf<F>;
    __shared__ typename Rows::Shared shared;
    const BlockRows block(draws, range, device_block);
    Rows rows(draws, keys, shared, block.begin, block.step);
    ShiftedSums<Model::outputs> sums;
    for (int s = 0; s < block.to; ++s) {
        if (s > 0) rows.next(s);
        if (s < block.from) continue;
        const std::int64_t row = block.begin + threadIdx.x + s * block.step;
        double x[Model::inputs], y[Model::outputs];
        rows.uniforms(row, x);
        through_laws<uniform, Model::inputs>(draws, x);
        Model::at(f, x, y);
        sums.add(y);
    }
    sums.moments().store(range.records + blockIdx.x * moment_numbers(Model::outputs));
}

template <class F>
__global__ void __launch_bounds__(block_threads)
    evaluate_rows(const __grid_constant__ F f, const double* x, std::int64_t rows, double* y) {
    using Model = ModelOf<F>;
    for (std::int64_t i = blockIdx.x * std::int64_t{block_threads} + threadIdx.x; i < rows;
         i += gridDim.x * std::int64_t{block_threads}) {
        double point[Model::inputs], value[Model::outputs];
#pragma unroll
        for (int j = 0; j < Model::inputs; ++j) point[j] = x[i * Model::inputs + j];
        Model::at(f, point, value);
#pragma unroll
        for (int j = 0; j < Model::outputs; ++j) y[i * Model::outputs + j] = value[j];
    }
}

}  // namespace buffon::device

/// What the kernels of the ideal denoiser share: which points a row averages over, how rows are read and written, and
/// how parts of
/// the points are joined. For the .cu files only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <buffon/device_call.cuh>
#include <buffon/device_scratch.cuh>

namespace buffon::device {

constexpr double log2_e = 1.4426950408889634074;

/// What stands for the logarithm of 0: exp2 of it is 0 beside any number, and it minus itself is not NaN.
constexpr float lowest = -1e30f;

struct Span {
    std::int64_t first, last;
};

/// The points that a row of this class averages over.
__device__ inline Span points_of(const DevicePoints& p, const DeviceRows& r, std::int64_t row) {
    const std::int64_t label = r.labels != nullptr && row < r.rows ? r.labels[row] : -1;
    if (label < 0 || p.starts == nullptr) return {0, p.size};
    return {p.starts[label], p.starts[label + 1]};
}

__device__ inline double variance_of(const DevicePoints& p, const DeviceRows& r, std::int64_t row) {
    const double sigma = r.sigmas != nullptr && row < r.rows ? r.sigmas[row] : r.sigma;
    return sigma * sigma + p.bandwidth * p.bandwidth;
}

__device__ inline double load_state(const DeviceRows& r, std::int64_t at) {
    return r.number == Number::float64 ? static_cast<const double*>(r.x)[at]
                                       : static_cast<double>(static_cast<const float*>(r.x)[at]);
}

__device__ inline void store_state(const DeviceRows& r, std::int64_t at, double value) {
    if (r.number == Number::float64) static_cast<double*>(r.out)[at] = value;
    else static_cast<float*>(r.out)[at] = static_cast<float>(value);
}

/// The average and what a bandwidth keeps of x; or the gradient of the log density, which has no such share.
__device__ inline void store_mean(const DevicePoints& p, const DeviceRows& r, std::int64_t row, std::int64_t column,
                                  double variance, double average) {
    const double kept = variance > 0 ? p.bandwidth * p.bandwidth / variance : 0.0;
    const std::int64_t at = row * p.dim + column;
    const double mean = average + p.centre[column];
    if (r.score) return store_state(r, at, (mean - load_state(r, at)) / variance);
    store_state(r, at, kept > 0 ? (1 - kept) * mean + kept * load_state(r, at) : mean);
}

/// 2^x for x <= 0, within 2 ulp; 0 below 2^-126.
__device__ inline float power_of_two(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/// What a part of the points gives each row: sums (rows, parts, D), then peak and total (rows, parts, 2).
struct Parts {
    float* sums = nullptr;     // null: one part, which writes the answer
    float* tops = nullptr;
    int count = 1;
};

/// Joins the parts: a thread makes one number of the answer.
template <int D>
__global__ void __launch_bounds__(256) join(DevicePoints p, DeviceRows r, Parts parts) {
    const std::int64_t at = blockIdx.x * std::int64_t{256} + threadIdx.x, row = at / D, j = at % D;
    if (row >= r.rows || j >= p.dim) return;
    const float* tops = parts.tops + 2 * row * parts.count;
    float peak = lowest, total = 0.0f, sum = 0.0f;
    for (int k = 0; k < parts.count; ++k) peak = fmaxf(peak, tops[2 * k]);
    for (int k = 0; k < parts.count; ++k) {
        const float keep = exp2f(tops[2 * k] - peak);
        total = fmaf(keep, tops[2 * k + 1], total);
        sum = fmaf(keep, parts.sums[(row * parts.count + k) * D + j], sum);
    }
    store_mean(p, r, row, j, variance_of(p, r, row), static_cast<double>(sum / total));
}

/// Memory for the parts, none for one.
template <int D>
class PartsRoom {
public:
    PartsRoom(int count, std::int64_t rows, cudaStream_t stream)
        : tops_(rows * count), count_(count), memory_(count > 1 ? tops_ * (D + 2) : 0, stream) {}

    Parts parts() const {
        float* const sums = memory_.data();
        return {sums, sums != nullptr ? sums + tops_ * D : nullptr, count_};
    }

private:
    std::int64_t tops_;
    int count_;
    Scratch<float> memory_;
};

/// The answer from the parts.
template <int D>
void join_parts(const DevicePoints& p, const DeviceRows& r, const Parts& parts, cudaStream_t stream) {
    if (parts.count > 1) join<D><<<blocks_for(r.rows * D, 256, INT32_MAX), 256, 0, stream>>>(p, r, parts);
}

/// Rows of points of 33 to 64 coordinates, on the tensor cores of Hopper devices (see is_hopper).
void split_points(const DevicePoints& p, const DeviceRows& r, const DeviceQueue& queue);

}  // namespace buffon::device

/// Rows of x before a component of a mixture, as blocks of 256 threads that have R of them in shared memory see them. For the
/// .cu files only.
#pragma once

#include <cstdint>

#include <buffon/device_kernels.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/device_work.hpp>

namespace buffon::device {

/// Coordinates up to which a thread has an axis, instead of a warp. Axes then lie in shared memory, one number apart, for 32
/// threads read as many of them at once: so many numbers more.
constexpr int few_coordinates = 32;
constexpr std::int64_t turned_numbers(std::int64_t d) {
    return d <= few_coordinates ? few_coordinates * (few_coordinates + 1) : 0;
}

/// offset (R, d): x less the mean of component k, 0 behind the last row; y (R, rank): the same along the component's axes.
/// All threads call; what was there is overwritten once all have come, and ready when they leave. More than 8 rows: of few
/// coordinates. `turned`: room for turned_numbers(d).
template <class T, int R>
__device__ void place_rows(const DeviceMixture& m, std::int64_t k, const T* x, std::int64_t first, std::int64_t rows,
                           T* offset, T* y, T* turned) {
    const std::int64_t d = m.dim, rank = m.rank;
    const double *mean = m.means + k * d, *axes = m.axes + k * rank * d;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const bool few = m.axes != nullptr && d <= few_coordinates;
    __syncthreads();
    for (int e = threadIdx.x; few && e < rank * d; e += 256) {
        const int n = static_cast<int>(d);
        turned[e / n * (few_coordinates + 1) + e % n] = static_cast<T>(axes[e]);
    }
    for (std::int64_t e = threadIdx.x; e < R * d; e += 256) {
        const std::int64_t row = first + e / d;
        offset[e] = row < rows ? x[row * d + e % d] - static_cast<T>(mean[e % d]) : T(0);
    }
    __syncthreads();
    if (m.axes == nullptr) {
        for (std::int64_t e = threadIdx.x; e < R * d; e += 256) y[e] = offset[e];
    } else if (few) {
        const int n = static_cast<int>(d), of = static_cast<int>(rank);
        for (int e = threadIdx.x; e < R * of; e += 256) {
            const T* axis = turned + e % of * (few_coordinates + 1);
            T sum = T(0);
            for (int i = 0; i < n; ++i) sum = multiply_add(axis[i], offset[e / of * n + i], sum);
            y[e] = sum;
        }
    } else if constexpr (R <= 8) {
        for (std::int64_t j = warp; j < rank; j += 8) {
            T part[R] = {};
            for (std::int64_t i = lane; i < d; i += 32) {
                const T a = static_cast<T>(axes[j * d + i]);
                for (int q = 0; q < R; ++q) part[q] = multiply_add(a, offset[q * d + i], part[q]);
            }
            for (int q = 0; q < R; ++q) {
                const T whole = warp_sum(part[q]);
                if (lane == 0) y[q * rank + j] = whole;
            }
        }
    }
    __syncthreads();
}

/// The square of what row q has aside from the axes of component k, this lane's share.
template <class T>
__device__ T part_aside(const DeviceMixture& m, std::int64_t k, int q, int lane, const T* offset, const T* y) {
    const double* axes = m.axes + k * m.rank * m.dim;
    T aside = T(0);
    for (std::int64_t i = lane; i < m.dim; i += 32) {
        T left = offset[q * m.dim + i];
        for (std::int64_t j = 0; j < m.rank; ++j)
            left = multiply_add(-y[q * m.rank + j], static_cast<T>(axes[j * m.dim + i]), left);
        aside = multiply_add(left, left, aside);
    }
    return aside;
}

}   // namespace buffon::device

/// log p_sigma(x) of Gaussian mixtures at all levels of a grid on a device. With y a row along the axes of a component, the
/// logarithm of its density at sigma is norm - sum_j y_j^2 / (2 (variance_j + sigma^2)): squares of rows times weights of
/// levels, a product of matrices, which double-precision tensor cores make. Components follow each other; of each row and
/// level the largest logarithm and a sum over it are kept in registers, and nothing of size rows x levels x components is
/// stored. Logarithms are those of base 2 until the end.
/// Source: NVIDIA, Parallel Thread Execution ISA: layouts of mma.m16n8k8 of doubles.
#include <buffon/device_functions.cuh>

#include <algorithm>

#include <cuda_pipeline_primitives.h>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_mixture_rows.cuh>
#include <buffon/device_scratch.cuh>
#include <buffon/device_warp.cuh>

namespace buffon::device {
namespace {

constexpr double log2_e = 0x1.71547652b82fep+0, log_2 = 0x1.62e42fefa39efp-1;
constexpr int wide = 8;   // columns of a panel, which lie together
/// Rows and levels of a warp: with 16 of both for each thread three blocks find room on a multiprocessor.
constexpr int warp_rows = 16, warp_levels = 32;
constexpr int row_warps = 2, level_warps = 2, threads = 32 * row_warps * level_warps;
constexpr int tile_rows = warp_rows * row_warps, tile_levels = warp_levels * level_warps;
constexpr int stages = 4;   // panels on their way from memory
/// Numbers of the matrices that are in memory at once.
constexpr std::int64_t numbers_at_once = std::int64_t{1} << 22;

/// Both matrices, of some modes: squares (modes, panels, rows, 8) and weights (modes, panels, levels, 8), 0 behind the last
/// column; norms (modes, levels). Rows and levels are whole tiles.
struct Panels {
    double *squares, *weights, *norms;
    std::int64_t rows, levels, modes, panels;
};

/// A thread has a level of a mode: -log2(e) / 2 of the precisions, and what multiplies exp(-distance / 2), but for a constant.
__global__ void __launch_bounds__(256) weigh_levels(DeviceMixture m, std::int64_t first_mode, DeviceLevels w, Panels p) {
    const std::int64_t left = m.dim - m.rank;
    for (std::int64_t e = blockIdx.x * std::int64_t{256} + threadIdx.x; e < p.modes * p.levels;
         e += gridDim.x * std::int64_t{256}) {
        const std::int64_t mode = e / p.levels, k = first_mode + mode, level = e % p.levels;
        const double sigma = w.levels[level < w.count ? level : w.count - 1], s2 = sigma * sigma;
        double sum = left > 0 ? static_cast<double>(left) * log(m.rest[k] + s2) : 0.0;
        for (std::int64_t j = 0; j < p.panels * wide; ++j) {
            const bool along = j < m.rank, aside = j == m.rank && left > 0;
            const double v = (along ? m.variance[k * m.rank + j] : aside ? m.rest[k] : 1.0) + s2;
            if (along) sum += log(v);
            p.weights[((mode * p.panels + j / wide) * p.levels + level) * wide + j % wide] =
                along || aside ? -0.5 * log2_e / v : 0.0;
        }
        p.norms[e] = log2_e * (m.log_weight[k] - sum / 2);
    }
}

/// Block (x, y): R rows from R x before mode y: squares along its axes, and of what is left aside from them.
template <int R>
__global__ void __launch_bounds__(256)
    square_rows(DeviceMixture m, std::int64_t first_mode, const double* x, std::int64_t rows, Panels p) {
    extern __shared__ double memory[];
    const std::int64_t d = m.dim, rank = m.rank, first = blockIdx.x * std::int64_t{R}, k = first_mode + blockIdx.y;
    double* const offset = memory;      // (R, d)
    double* const y = offset + R * d;   // (R, rank)
    double* const turned = y + R * rank;
    __shared__ double aside[R];
    place_rows<double, R>(m, k, x, first, rows, offset, y, turned);
    for (int q = threadIdx.x / 32; rank < d && q < R; q += 8) {
        const double square = warp_sum(part_aside(m, k, q, threadIdx.x % 32, offset, y));
        if (threadIdx.x % 32 == 0) aside[q] = square;
    }
    __syncthreads();
    const std::int64_t width = p.panels * wide;
    for (std::int64_t e = threadIdx.x; e < R * width; e += 256) {
        const std::int64_t q = e / width, j = e % width;
        const double v = j < rank ? y[q * rank + j] * y[q * rank + j] : j == rank && rank < d ? aside[q] : 0.0;
        p.squares[((blockIdx.y * p.panels + j / wide) * p.rows + first + q) * wide + j % wide] = v;
    }
}

/// What a block has at once: a panel of both matrices, and at the first one of a mode its norms.
struct __align__(16) Stage {
    double squares[tile_rows][wide], weights[tile_levels][wide], norms[tile_levels];
};

/// Where a thread loads the panels from, one after the other, two numbers at a time.
struct Source {
    const double *squares, *weights, *norms;
    std::int64_t to_squares, to_weights, to_norms;   // from one to the next
    std::int64_t mode = 0, panel = 0;

    __device__ Source(const Panels& p, std::int64_t row, std::int64_t level)
        : squares(p.squares + row * wide + 2 * threadIdx.x), weights(p.weights + level * wide + 2 * threadIdx.x),
          norms(p.norms + level + 2 * threadIdx.x), to_squares(p.rows * wide), to_weights(p.levels * wide),
          to_norms(p.levels) {}

    __device__ void load(const Panels& p, Stage& to) {
        constexpr int at_once = 2 * threads;
        static_assert(tile_rows * wide % at_once == 0 && tile_levels * wide % at_once == 0 && tile_levels <= at_once);
        if (mode < p.modes) {
#pragma unroll
            for (int e = 0; e < tile_rows * wide; e += at_once)
                __pipeline_memcpy_async(&to.squares[0][0] + 2 * threadIdx.x + e, squares + e, 16);
#pragma unroll
            for (int e = 0; e < tile_levels * wide; e += at_once)
                __pipeline_memcpy_async(&to.weights[0][0] + 2 * threadIdx.x + e, weights + e, 16);
            if (panel == 0 && threadIdx.x < tile_levels / 2)
                __pipeline_memcpy_async(to.norms + 2 * threadIdx.x, norms, 16);
            squares += to_squares;
            weights += to_weights;
            if (++panel == p.panels) {
                panel = 0;
                ++mode;
                norms += to_norms;
            }
        }
        __pipeline_commit();
    }
};

/// Sixteen numbers of a thread, as products of tiles leave them: [t][u][i] is of row 8 t + 2 (lane % 4) + i % 2 and level
/// 16 u + lane / 4 + i / 2 * 8 of the warp.
constexpr int row_tiles = warp_rows / 8, level_tiles = warp_levels / 16;
using Mine = double[row_tiles][level_tiles][4];

/// f(t, u, i) for all of them.
template <class F>
__device__ void for_all(const F& f) {
#pragma unroll
    for (int t = 0; t < row_tiles; ++t)
#pragma unroll
        for (int u = 0; u < level_tiles; ++u)
#pragma unroll
            for (int i = 0; i < 4; ++i) f(t, u, i);
}

/// sums += the panels' product. Columns 2 q and 2 q + 1 go where the tensor core has q and q + 4: the order of a sum is free.
__device__ void add_products(const Stage& s, int first_row, int first_level, int lane, Mine& sums) {
    const int outer = lane / 4, inner = lane % 4;
#if __CUDA_ARCH__ >= 900
    const auto two = [](const double& first) { return *reinterpret_cast<const double2*>(&first); };
    double2 square[row_tiles];
#pragma unroll
    for (int t = 0; t < row_tiles; ++t) square[t] = two(s.squares[first_row + 8 * t + outer][2 * inner]);
#pragma unroll
    for (int u = 0; u < level_tiles; ++u) {
        const double2 above = two(s.weights[first_level + 16 * u + outer][2 * inner]),
                      below = two(s.weights[first_level + 16 * u + outer + 8][2 * inner]);
#pragma unroll
        for (int t = 0; t < row_tiles; ++t)
            asm("mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                "{%0, %1, %2, %3};"
                : "+d"(sums[t][u][0]), "+d"(sums[t][u][1]), "+d"(sums[t][u][2]), "+d"(sums[t][u][3])
                : "d"(above.x), "d"(below.x), "d"(above.y), "d"(below.y), "d"(square[t].x), "d"(square[t].y));
    }
#else
    for (int j = 0; j < wide; ++j)
        for_all([&](int t, int u, int i) {
            sums[t][u][i] = fma(s.squares[first_row + 8 * t + 2 * inner + i % 2][j],
                                s.weights[first_level + 16 * u + outer + i / 2 * 8][j], sums[t][u][i]);
        });
#endif
}

/// What is below 2^-64 of a sum changes no digit of it.
constexpr int high_word_of_64 = 0x40500000;

/// 2^x for -64 < x <= 0: 2^(x - n) = 1 + r q(r) of the nearest integer n, q interpolates in Chebyshev points: error 2e-17.
__device__ double power_of_two(double x) {
    constexpr double shift = 0x1.8p52;
    const double shifted = x + shift, r = x - (shifted - shift);
    constexpr double c[] = {0x1.e9d3fe3952179p-32, 0x1.e6063f7217bc6p-28, 0x1.b524fae627834p-24, 0x1.62bfd47773353p-20,
                            0x1.ffcbfc670dcd4p-17, 0x1.430913096fd9fp-13, 0x1.5d87fe78a5276p-10, 0x1.3b2ab6fba1ddap-7,
                            0x1.c6b08d704a0c2p-5,  0x1.ebfbdff82c598p-3,  0x1.62e42fefa39efp-1};
    double q = c[0];
#pragma unroll
    for (int i = 1; i < 11; ++i) q = fma(q, r, c[i]);
    const double v = fma(q, r, 1.0);
    return __hiloint2double(__double2hiint(v) + (__double2loint(shifted) << 20), __double2loint(v));
}

/// peak + log2(total) = log2(2^(peak + log2(total)) + 2^here), where `here` is a number. A warp passes over four rows at
/// which one of both is nothing beside the other: where modes lie apart, these are most.
__device__ void take_in(const Mine& here, Mine& peak, Mine& total) {
    constexpr int together = 2 * level_tiles;
#pragma unroll
    for (int rows = 0; rows < 2 * row_tiles; ++rows) {
        const auto of = [&](auto& numbers, int n) -> auto& { return numbers[rows / 2][n / 2][n % 2 * 2 + rows % 2]; };
        double difference[together], less[together];
        bool any = false;
#pragma unroll
        for (int n = 0; n < together; ++n) {
            difference[n] = of(here, n) - of(peak, n);
            less[n] = 0.0;
            any = any || (__double2hiint(difference[n]) & 0x7fffffff) < high_word_of_64;
        }
        if (__any_sync(0xffffffffu, any)) {
#pragma unroll
            for (int n = 0; n < together; ++n) less[n] = power_of_two(-fabs(difference[n]));
#pragma unroll
            for (int n = 0; n < together; ++n)
                less[n] = (__double2hiint(difference[n]) & 0x7fffffff) < high_word_of_64 ? less[n] : 0.0;
        }
#pragma unroll
        for (int n = 0; n < together; ++n) {
            // > 0; not NaN, of -inf less -inf
            const bool above = static_cast<unsigned>(__double2hiint(difference[n])) <= 0x7ff00000u;
            double &p = of(peak, n), &s = of(total, n);
            s = fma(above ? s : 1.0, less[n], above ? 1.0 : s);
            p = above ? of(here, n) : p;
        }
    }
}

/// Block (x, y): rows from tile_rows x, levels from tile_levels y. `first`: of all modes; before others `out` is the
/// logarithm of base 2 of those before.
__global__ void __launch_bounds__(threads, 3)
    levels_of_mixture(const __grid_constant__ Panels p, bool first, bool last, double* out, std::int64_t rows,
                      std::int64_t count) {
    __shared__ Stage ring[stages];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int in_rows = warp % row_warps * warp_rows, in_levels = warp / row_warps * warp_levels;
    const std::int64_t row = blockIdx.x * std::int64_t{tile_rows}, level = blockIdx.y * std::int64_t{tile_levels};
    const auto for_mine = [&](const auto& f) {
        for_all([&](int t, int u, int i) {
            const std::int64_t r = row + in_rows + 8 * t + lane % 4 * 2 + i % 2,
                               l = level + in_levels + 16 * u + lane / 4 + i / 2 * 8;
            if (r < rows && l < count) f(t, u, i, out[r * count + l]);
        });
    };
    Mine here, peak, total;
    for_all([&](int t, int u, int i) {
        peak[t][u][i] = -INFINITY;
        total[t][u][i] = first ? 0.0 : 1.0;
    });
    if (!first) for_mine([&](int t, int u, int i, double& known) { peak[t][u][i] = known; });
    Source source(p, row, level);
    for (int s = 0; s < stages - 1; ++s) source.load(p, ring[s]);
    int slot = 0;
    for (std::int64_t mode = 0; mode < p.modes; ++mode) {
        for (std::int64_t panel = 0; panel < p.panels; ++panel) {
            __pipeline_wait_prior(stages - 2);
            __syncthreads();   // the stage is there, and all have done with the one before, whose place the next one takes
            source.load(p, ring[(slot + stages - 1) % stages]);
            const Stage& s = ring[slot];
            if (panel == 0)
                for_all([&](int t, int u, int i) { here[t][u][i] = s.norms[in_levels + 16 * u + lane / 4 + i / 2 * 8]; });
            add_products(s, in_rows, in_levels, lane, here);
            slot = (slot + 1) % stages;
        }
        take_in(here, peak, total);
    }
    for_mine([&](int t, int u, int i, double& to) {
        const double s = total[t][u][i], rest = s == 1.0 ? 0.0 : log(s);
        to = last ? fma(peak[t][u][i], log_2, rest) : fma(rest, log2_e, peak[t][u][i]);
    });
}

std::int64_t whole(std::int64_t n, std::int64_t of) { return (n + of - 1) / of * of; }

template <int R>
void run_squares(const DeviceMixture& m, std::int64_t first_mode, const double* x, std::int64_t rows, const Panels& p,
                 cudaStream_t stream) {
    const std::size_t bytes = static_cast<std::size_t>(R * (m.dim + m.rank) + turned_numbers(m.dim)) * sizeof(double);
    allow_shared(square_rows<R>, bytes);
    square_rows<R><<<dim3(blocks_for(p.rows, R, INT32_MAX), static_cast<unsigned>(p.modes)), 256, bytes, stream>>>(
        m, first_mode, x, rows, p);
}

void run_levels(const DeviceMixture& m, const DeviceLevels& w, cudaStream_t stream) {
    if (w.rows == 0) return;
    constexpr std::int64_t room = 200 * 1024 / sizeof(double), most_modes = 65'535;   // of a grid
    const std::int64_t panels = whole(m.rank + (m.rank < m.dim ? 1 : 0), wide) / wide, depth = panels * wide;
    const std::int64_t levels = whole(w.count, tile_levels), all_rows = whole(w.rows, tile_rows);
    const std::int64_t modes = std::clamp<std::int64_t>(numbers_at_once / (depth * (levels + tile_rows)), 1,
                                                        std::min(m.size, most_modes));
    const std::int64_t at_once =
        std::clamp<std::int64_t>(numbers_at_once / (depth * modes) / tile_rows * tile_rows, tile_rows, all_rows);
    Scratch<double> squares(modes * depth * at_once, stream), weights(modes * depth * levels, stream),
        norms(modes * levels, stream);
    for (std::int64_t k = 0; k < m.size; k += modes) {
        Panels p{squares.data(), weights.data(), norms.data(), 0, levels, std::min(modes, m.size - k), panels};
        weigh_levels<<<blocks_for(p.modes * levels, 256), 256, 0, stream>>>(m, k, w, p);
        for (std::int64_t from = 0; from < w.rows; from += at_once) {
            const std::int64_t rows = std::min(at_once, w.rows - from);
            p.rows = whole(rows, tile_rows);
            const double* x = w.x + from * m.dim;
            m.dim <= few_coordinates       ? run_squares<tile_rows>(m, k, x, rows, p, stream)
            : 8 * (m.dim + m.rank) <= room ? run_squares<8>(m, k, x, rows, p, stream)
                                           : run_squares<1>(m, k, x, rows, p, stream);
            levels_of_mixture<<<dim3(blocks_for(p.rows, tile_rows, INT32_MAX), blocks_for(levels, tile_levels)), threads,
                                0, stream>>>(p, k == 0, k + modes >= m.size, w.out + from * w.count, rows, w.count);
        }
    }
}

}   // namespace

const char* mixture_levels(const DeviceQueue* queue, const DeviceMixture* of, const DeviceLevels* what) {
    return in_words([&] {
        const Use use(queue->device);
        run_levels(*of, *what, stream_of(*queue));
        check_launch("mixture_levels");
    });
}

}   // namespace buffon::device

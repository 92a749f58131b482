/// The ideal denoiser of a finite data set on a device: softmax-weighted averages in one pass over tiles of points,
/// with a running
/// maximum; nothing of size rows x points is stored. Source: Milakov, Gimelshein, "Online normalizer calculation for softmax",
/// arXiv:1805.02867; tiles and what stays in registers as in Dao et al., "FlashAttention", arXiv:2205.14135.
#include <buffon/device_functions.cuh>

#include <type_traits>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_points.cuh>

namespace buffon::device {
namespace {

/// Tiles of 128 rows by 64 points by D coordinates in float. 256 threads as 16 x 16: thread (a, b) makes the 8 rows
/// from 8 a of the
/// points b, b + 16, b + 32, b + 48 of a tile, then of the columns from (D / 16) b. Two blocks share a multiprocessor,
/// so that one
/// computes while the other loads.
template <int D>
struct Tile {
    static constexpr int rows = 128, points = 64, columns = D / 16;
    static constexpr int row_stride = rows + 4;   // banks of the rows of a tile of weights do not meet
    float x[D][rows];                // coordinate by coordinate
    float y[D][points];              // the same, points in the order of `transposed`
    float value[points][D];
    float weight[points][row_stride];
    float half_norm[points], log_weight[points];   // in the order of `y`
    float scale[rows];               // log2(e) / v
    int first[rows], last[rows];     // points of each row's class
};

__device__ inline void load4(const float* from, float* to) {
    const float4 v = *reinterpret_cast<const float4*>(from);
    to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
}

/// Block (x, y): rows from 128 x, part y of the points.
template <int D, bool Direct>
__global__ void __launch_bounds__(256, 2) tiled(DevicePoints p, DeviceRows r, Parts parts) {
    extern __shared__ __align__(16) unsigned char memory[];
    using T = Tile<D>;
    T& tile = *reinterpret_cast<T*>(memory);
    __shared__ long long begin, end;
    const int a = threadIdx.x / 16, b = threadIdx.x % 16, d = static_cast<int>(p.dim);
    const std::int64_t first_row = blockIdx.x * std::int64_t{T::rows};
    const bool labelled = r.labels != nullptr;
    const float *points = static_cast<const float*>(p.points), *transposed = static_cast<const float*>(p.transposed),
                *half_norm = static_cast<const float*>(p.half_norm), *log_weight = static_cast<const float*>(p.log_weight);
    if (threadIdx.x == 0) begin = p.size, end = 0;
    __syncthreads();
    if (threadIdx.x < T::rows && first_row + threadIdx.x < r.rows) {
        const Span mine = points_of(p, r, first_row + threadIdx.x);
        atomicMin(&begin, static_cast<long long>(mine.first));
        atomicMax(&end, static_cast<long long>(mine.last));
    }
    for (int e = threadIdx.x; e < T::rows * D; e += 256) {
        const int i = e / D, j = e % D;
        const bool there = first_row + i < r.rows && j < d;
        tile.x[j][i] = there ? static_cast<float>(load_state(r, (first_row + i) * d + j) - p.centre[j]) : 0.0f;
    }
    for (int i = threadIdx.x; i < T::rows; i += 256) {
        const double v = variance_of(p, r, first_row + i);
        const Span mine = points_of(p, r, first_row + i);
        tile.scale[i] = static_cast<float>(log2_e / (v > 1e-30 ? v : 1e-30));
        tile.first[i] = static_cast<int>(mine.first);
        tile.last[i] = static_cast<int>(mine.last);
    }
    float peak[8], total[8], sum[8][T::columns];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        peak[i] = lowest;
        total[i] = 0.0f;
#pragma unroll
        for (int c = 0; c < T::columns; ++c) sum[i][c] = 0.0f;
    }
    __syncthreads();
    const int first_tile = static_cast<int>(begin) / T::points,
              tiles = (static_cast<int>(end) + T::points - 1) / T::points - first_tile;
    const int per_part = (tiles + parts.count - 1) / parts.count,
              whole_from = (first_tile + static_cast<int>(blockIdx.y) * per_part) * T::points;
    const int whole_to = whole_from + per_part * T::points < static_cast<int>(end) ? whole_from + per_part * T::points
                                                                                   : static_cast<int>(end);
    for (int start = whole_from; start < whole_to; start += T::points) {
        __syncthreads();   // the last tile is done with
        for (int e = 4 * threadIdx.x; e < T::points * D; e += 4 * 256) {
            *reinterpret_cast<float4*>(&tile.value[0][0] + e) =
                *reinterpret_cast<const float4*>(points + std::int64_t{start} * D + e);
            const int j = e / T::points, k = e % T::points;
            *reinterpret_cast<float4*>(&tile.y[j][k]) = *reinterpret_cast<const float4*>(transposed + j * p.padded + start + k);
        }
        if (threadIdx.x < T::points) {
            const int k = threadIdx.x, at = (k % 16) * 4 + k / 16;
            tile.half_norm[at] = half_norm[start + k];
            tile.log_weight[at] = log_weight[start + k] * static_cast<float>(log2_e);
        }
        __syncthreads();
        float s[8][4];
#pragma unroll
        for (int i = 0; i < 8; ++i)
#pragma unroll
            for (int k = 0; k < 4; ++k) s[i][k] = 0.0f;
#pragma unroll 8
        for (int j = 0; j < D; ++j) {
            float x[8], y[4];
            load4(&tile.x[j][8 * a], x);
            load4(&tile.x[j][8 * a + 4], x + 4);
            load4(&tile.y[j][4 * b], y);
#pragma unroll
            for (int i = 0; i < 8; ++i)
#pragma unroll
                for (int k = 0; k < 4; ++k) {
                    if constexpr (Direct) {
                        const float gap = x[i] - y[k];
                        s[i][k] = fmaf(gap, gap, s[i][k]);
                    } else {
                        s[i][k] = fmaf(x[i], y[k], s[i][k]);
                    }
                }
        }
        float norm[4], log_of[4];
        load4(&tile.half_norm[4 * b], norm);
        load4(&tile.log_weight[4 * b], log_of);
#pragma unroll
        for (int i = 0; i < 8; ++i) {
            float top = peak[i];
            const float scale = tile.scale[8 * a + i];
#pragma unroll
            for (int k = 0; k < 4; ++k) {
                s[i][k] = fmaf(Direct ? -0.5f * s[i][k] : s[i][k] - norm[k], scale, log_of[k]);
                if (labelled) {
                    const int point = start + b + 16 * k;
                    if (point < tile.first[8 * a + i] || point >= tile.last[8 * a + i]) s[i][k] = lowest;
                }
                top = fmaxf(top, s[i][k]);
            }
#pragma unroll
            for (int step = 1; step < 16; step *= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, step));
            const float keep = power_of_two(peak[i] - top);
            peak[i] = top;
            float more = 0.0f;
#pragma unroll
            for (int k = 0; k < 4; ++k) {
                s[i][k] = power_of_two(s[i][k] - top);
                more += s[i][k];
            }
            total[i] = fmaf(total[i], keep, more);
#pragma unroll
            for (int c = 0; c < T::columns; ++c) sum[i][c] *= keep;
        }
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            float* to_weights = &tile.weight[b + 16 * k][8 * a];
            *reinterpret_cast<float4*>(to_weights) = {s[0][k], s[1][k], s[2][k], s[3][k]};
            *reinterpret_cast<float4*>(to_weights + 4) = {s[4][k], s[5][k], s[6][k], s[7][k]};
        }
        __syncthreads();
#pragma unroll 8
        for (int k = 0; k < T::points; ++k) {
            float w[8], v[T::columns];
            load4(&tile.weight[k][8 * a], w);
            load4(&tile.weight[k][8 * a + 4], w + 4);
            if constexpr (T::columns % 4 == 0) {
#pragma unroll
                for (int c = 0; c < T::columns; c += 4) load4(&tile.value[k][T::columns * b + c], v + c);
            } else {
#pragma unroll
                for (int c = 0; c < T::columns; ++c) v[c] = tile.value[k][T::columns * b + c];
            }
#pragma unroll
            for (int i = 0; i < 8; ++i)
#pragma unroll
                for (int c = 0; c < T::columns; ++c) sum[i][c] = fmaf(w[i], v[c], sum[i][c]);
        }
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
#pragma unroll
        for (int step = 1; step < 16; step *= 2) total[i] += __shfl_xor_sync(0xffffffffu, total[i], step);
        const std::int64_t row = first_row + 8 * a + i;
        if (row >= r.rows) continue;
        if (parts.sums != nullptr) {
            const std::int64_t at = row * parts.count + blockIdx.y;
#pragma unroll
            for (int c = 0; c < T::columns; ++c) parts.sums[at * D + T::columns * b + c] = sum[i][c];
            if (b == 0) parts.tops[2 * at] = peak[i], parts.tops[2 * at + 1] = total[i];
            continue;
        }
        const double v = variance_of(p, r, row);
#pragma unroll
        for (int c = 0; c < T::columns; ++c)
            if (T::columns * b + c < d) store_mean(p, r, row, T::columns * b + c, v, static_cast<double>(sum[i][c] / total[i]));
    }
}

/// Any dimension, float or double: a block has R rows, its threads a point each, then a column each. Distances are always sums of
/// squared differences.
template <class T, int R>
__global__ void __launch_bounds__(256) general(DevicePoints p, DeviceRows r) {
    extern __shared__ __align__(16) unsigned char memory[];
    const std::int64_t d = p.dim, first_row = blockIdx.x * std::int64_t{R};
    T* const x = reinterpret_cast<T*>(memory);   // (R, d)
    T* const sum = x + R * d;                    // (R, d)
    __shared__ T weight[R][256], peak[R], total[R], keep[R], inverse[R];
    __shared__ Span span[R];
    const T *points = static_cast<const T*>(p.points), *transposed = static_cast<const T*>(p.transposed),
            *log_weight = static_cast<const T*>(p.log_weight);
    for (std::int64_t e = threadIdx.x; e < R * d; e += 256) {
        const std::int64_t row = first_row + e / d, j = e % d;
        x[e] = row < r.rows ? static_cast<T>(load_state(r, row * d + j) - p.centre[j]) : T(0);
        sum[e] = T(0);
    }
    if (threadIdx.x < R) {
        const std::int64_t row = first_row + threadIdx.x;
        const double least = std::is_same_v<T, float> ? 1e-30 : 1e-300, v = variance_of(p, r, row);
        inverse[threadIdx.x] = static_cast<T>(1 / (v > least ? v : least));
        span[threadIdx.x] = points_of(p, r, row);
        peak[threadIdx.x] = static_cast<T>(lowest);
        total[threadIdx.x] = T(0);
    }
    __syncthreads();
    std::int64_t begin = span[0].first, end = span[0].last;
    for (int q = 1; q < R; ++q) {
        begin = span[q].first < begin ? span[q].first : begin;
        end = span[q].last > end ? span[q].last : end;
    }
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (std::int64_t start = begin; start < end; start += 256) {
        const std::int64_t point = start + threadIdx.x;
        T distance[R] = {};
        if (point < p.size)
            for (std::int64_t j = 0; j < d; ++j) {
                const T y = transposed[j * p.padded + point];
#pragma unroll
                for (int q = 0; q < R; ++q) {
                    const T gap = x[q * d + j] - y;
                    distance[q] = multiply_add(gap, gap, distance[q]);
                }
            }
#pragma unroll
        for (int q = 0; q < R; ++q)
            weight[q][threadIdx.x] = point >= span[q].first && point < span[q].last && point < p.size
                                         ? log_weight[point] - distance[q] / 2 * inverse[q] : static_cast<T>(lowest);
        __syncthreads();
        for (int q = warp; q < R; q += 8) {   // a warp has a row
            T top = peak[q];
            for (int k = lane; k < 256; k += 32) top = weight[q][k] > top ? weight[q][k] : top;
            for (int step = 16; step > 0; step /= 2) {
                const T other = __shfl_xor_sync(0xffffffffu, top, step);
                top = other > top ? other : top;
            }
            T more = T(0);
            for (int k = lane; k < 256; k += 32) {
                const T w = exponential(weight[q][k] - top);
                weight[q][k] = w;
                more += w;
            }
            for (int step = 16; step > 0; step /= 2) more += __shfl_xor_sync(0xffffffffu, more, step);
            if (lane > 0) continue;
            keep[q] = exponential(peak[q] - top);
            peak[q] = top;
            total[q] = multiply_add(total[q], keep[q], more);
        }
        __syncthreads();
        const int count = static_cast<int>(p.size - start < 256 ? p.size - start : 256);
        for (std::int64_t j = threadIdx.x; j < d; j += 256) {
            T column[R];
#pragma unroll
            for (int q = 0; q < R; ++q) column[q] = sum[q * d + j] * keep[q];
            for (int k = 0; k < count; ++k) {
                const T y = points[(start + k) * d + j];
#pragma unroll
                for (int q = 0; q < R; ++q) column[q] = multiply_add(weight[q][k], y, column[q]);
            }
#pragma unroll
            for (int q = 0; q < R; ++q) sum[q * d + j] = column[q];
        }
        __syncthreads();
    }
    for (std::int64_t e = threadIdx.x; e < R * d; e += 256) {
        const std::int64_t row = first_row + e / d;
        if (row < r.rows) store_mean(p, r, row, e % d, variance_of(p, r, row), static_cast<double>(sum[e] / total[e / d]));
    }
}

template <int D>
void run_tiled(const DevicePoints& p, const DeviceRows& r, const DeviceQueue& queue) {
    const cudaStream_t stream = stream_of(queue);
    const unsigned blocks = blocks_for(r.rows, Tile<D>::rows, INT32_MAX);
    const PartsRoom<D> room(parts_for(blocks, p.padded / Tile<D>::points, 2, queue.device), r.rows, stream);
    const Parts parts = room.parts();
    const auto launch = [&](auto* kernel) {
        allow_shared(kernel, sizeof(Tile<D>));
        kernel<<<dim3(blocks, static_cast<unsigned>(parts.count)), 256, sizeof(Tile<D>), stream>>>(p, r, parts);
    };
    p.direct ? launch(tiled<D, true>) : launch(tiled<D, false>);
    join_parts<D>(p, r, parts, stream);
}

template <class T, int R>
void run_general(const DevicePoints& p, const DeviceRows& r, cudaStream_t stream) {
    const std::size_t bytes = static_cast<std::size_t>(2 * R * p.dim) * sizeof(T);
    allow_shared(general<T, R>, bytes);
    general<T, R><<<blocks_for(r.rows, R, INT32_MAX), 256, bytes, stream>>>(p, r);
}

template <class T>
void run_general(const DevicePoints& p, const DeviceRows& r, cudaStream_t stream) {
    constexpr std::size_t most = 180 * 1024;
    const std::size_t one = static_cast<std::size_t>(2 * p.dim) * sizeof(T);
    if (8 * one <= most) return run_general<T, 8>(p, r, stream);
    if (one > most)
        throw std::runtime_error("points of more than " + std::to_string(most / sizeof(T) / 2) +
                                 " coordinates do not fit into a block's memory");
    run_general<T, 1>(p, r, stream);
}

}  // namespace

const char* points(const DeviceQueue* queue, const DevicePoints* of, const DeviceRows* rows) {
    return in_words([&] {
        if (rows->rows == 0) return;
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        if (of->number == Number::float64) run_general<double>(*of, *rows, stream);
        else if (of->tiled == 64 && !of->direct && is_hopper(queue->device)) split_points(*of, *rows, *queue);
        else if (of->tiled == 64) run_tiled<64>(*of, *rows, *queue);
        else if (of->tiled == 32) run_tiled<32>(*of, *rows, *queue);
        else if (of->tiled == 16) run_tiled<16>(*of, *rows, *queue);
        else run_general<float>(*of, *rows, stream);
        check_launch("points");
    });
}

}  // namespace buffon::device

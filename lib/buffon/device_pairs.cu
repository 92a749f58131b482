/// Sums of a function over pairs of points on a device (pairwise.hpp): tiles of rows by columns as in a product of
/// matrices, eight by
/// eight values a thread of floats, four by four of doubles; nothing of size n x m is stored. Sums of a tile's few
/// values are in the
/// precision of the points, all others in double and in a fixed order: no atomic adds.
#include <buffon/device_functions.cuh>

#include <cuda_pipeline_primitives.h>

#include <buffon/device_call.cuh>
#include <buffon/device_gather.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/pairwise.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256, slab = static_cast<int>(DevicePanels::coordinates);
constexpr double log2_e = 1.4426950408889634074;

/// Tiles of side x side; thread (a, b) of 16 x 16 has `each` rows and columns, in groups of 16 bytes.
template <class T>
struct Shape {
    static constexpr int group = 16 / static_cast<int>(sizeof(T)), each = 2 * group, side = 16 * each;
    /// The place in the tile of value e of thread number a.
    __device__ static int place(int a, int e) { return e / group * 16 * group + group * a + e % group; }
};

__device__ inline float root(float x) {
    float y;
    asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ inline double root(double x) { return sqrt(x); }

/// 2^x within 2 ulp; 0 below 2^-126.
__device__ inline float power_of_two(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ inline double power_of_two(double x) { return exp2(x); }

/// 16 bytes of shared memory.
template <class T>
__device__ void load_group(const T* from, T* to) {
    const int4 v = *reinterpret_cast<const int4*>(from);
    *reinterpret_cast<int4*>(to) = v;
}

template <class T>
struct Slabs {
    alignas(16) T x[slab][Shape<T>::side], y[slab][Shape<T>::side];
};

/// Queues the copy of coordinates from `coordinate` on of a tile's points.
template <class T>
__device__ void fetch(const DevicePairs& p, std::int64_t row, std::int64_t column, std::int64_t coordinate, Slabs<T>& to) {
    using S = Shape<T>;
    constexpr int groups = S::side / S::group;
    const T *x = static_cast<const T*>(p.x.panels), *y = static_cast<const T*>(p.y.panels);
    for (int e = threadIdx.x; e < slab * groups; e += threads) {
        const int k = e / groups, at = e % groups * S::group;
        __pipeline_memcpy_async(&to.x[k][at], x + (coordinate + k) * p.x.padded_rows() + row + at, 16);
        __pipeline_memcpy_async(&to.y[k][at], y + (coordinate + k) * p.y.padded_rows() + column + at, 16);
    }
    __pipeline_commit();
}

/// What a thread keeps for the rows of its block while columns pass.
struct Running {
    double row = 0.0, squares = 0.0;
};

/// What the sums of a tile begin with: of products for a Gaussian kernel half of the norms, so that -|a - b|^2 / 2 comes out.
template <class T, PairFunction f, bool direct>
__device__ void begin_tile(const DevicePairs& p, T (&sum)[Shape<T>::each][Shape<T>::each], std::int64_t row,
                           std::int64_t column) {
    using S = Shape<T>;
    const int a = threadIdx.x / 16, b = threadIdx.x % 16;
    if constexpr (f == PairFunction::gaussian && !direct) {
        T norm[S::each];
#pragma unroll
        for (int j = 0; j < S::each; ++j) norm[j] = static_cast<const T*>(p.y.norms)[column + S::place(b, j)];
#pragma unroll
        for (int i = 0; i < S::each; ++i) {
            const T own = static_cast<const T*>(p.x.norms)[row + S::place(a, i)];
#pragma unroll
            for (int j = 0; j < S::each; ++j) sum[i][j] = -(own + norm[j]);
        }
    } else {
#pragma unroll
        for (int i = 0; i < S::each; ++i)
#pragma unroll
            for (int j = 0; j < S::each; ++j) sum[i][j] = 0;
    }
}

template <class T, PairFunction f, bool direct>
__device__ T function_of(T v, T scale) {
    if constexpr (f == PairFunction::gaussian) return power_of_two(scale * v);
    if constexpr (f == PairFunction::distance) return root(v);
    const T base = multiply_add(scale, v, T{1});
    return base * base * base;
}

/// The function of the sums of one tile, added to rows, columns and squares. `masked`: some of its pairs are none.
template <class T, PairFunction f, bool direct, bool masked>
__device__ void finish_tile(const DevicePairs& p, const T (&sum)[Shape<T>::each][Shape<T>::each], std::int64_t row,
                            std::int64_t column, double (*part)[Shape<T>::side], double* column_record,
                            Running& running) {
    using S = Shape<T>;
    const int a = threadIdx.x / 16, b = threadIdx.x % 16;
    const bool diagonal = p.itself && row == column;
    const T scale = static_cast<T>(f == PairFunction::gaussian ? (direct ? -log2_e : 2 * log2_e) * p.scale : p.scale);
    double of_row[S::each], of_column[S::each];
    T total[S::each] = {}, squares = 0;
#pragma unroll
    for (int i = 0; i < S::each; ++i) {
        T along = 0;
#pragma unroll
        for (int j = 0; j < S::each; ++j) {
            T v = function_of<T, f, direct>(sum[i][j], scale);
            if constexpr (masked) {
                const std::int64_t at = row + S::place(a, i), to = column + S::place(b, j);
                if (at >= p.x.rows || to >= p.y.rows || (diagonal && at == to)) v = 0;
            }
            along += v;
            total[j] += v;
            squares = multiply_add(v, v, squares);
        }
        of_row[i] = along;
    }
    gather<S::each, 16, 1>(of_row);
    running.row += of_row[0];
    running.squares += (p.itself && !diagonal ? 2.0 : 1.0) * squares;
    if (diagonal) return;   // both orders are in the rows
#pragma unroll
    for (int j = 0; j < S::each; ++j) of_column[j] = total[j];
    gather<S::each, 2, 16>(of_column);
#pragma unroll
    for (int j = 0; j < S::each / 2; ++j) part[threadIdx.x / 32][S::place(b, a % 2 * (S::each / 2) + j)] = of_column[j];
    __syncthreads();
    for (int j = threadIdx.x; j < S::side; j += threads) {
        double whole = 0;
#pragma unroll
        for (int w = 0; w < threads / 32; ++w) whole += part[w][j];
        column_record[column + j] = whole;
    }
}

/// The first row of tile t of the strips.
__device__ inline std::int64_t first_row(const DevicePairs& p, std::int64_t t) {
    const std::int64_t per_strip = DevicePairs::strip_rows / p.tile();
    return (p.first + t / per_strip * p.stride) * DevicePairs::strip_rows + t % per_strip * p.tile();
}

/// Block (x, y): chunk x of columns, tile y of rows. Of a matrix met by itself the tiles on and above the diagonal.
template <class T, PairFunction f, bool direct>
__global__ void __launch_bounds__(threads, 2) pair_tiles(DevicePairs p) {
    using S = Shape<T>;
    __shared__ Slabs<T> slabs[2];
    __shared__ double part[threads / 32][S::side];
    const std::int64_t row = first_row(p, blockIdx.y), chunk = blockIdx.x, end = (chunk + 1) * DevicePairs::chunk_columns;
    const std::int64_t last = end < p.columns() ? end : p.columns();
    std::int64_t column = chunk * DevicePairs::chunk_columns;
    if (p.itself && column < row) column = row;
    if (row >= p.x.padded_rows() || column >= last) return;
    const int a = threadIdx.x / 16, b = threadIdx.x % 16, steps = static_cast<int>(p.x.padded_dim() / slab);
    double* column_record = p.column_records + blockIdx.y * p.columns();
    T sum[S::each][S::each];
    Running running;
    fetch(p, row, column, 0, slabs[0]);
    for (int at = 0; column < last; column += S::side) {
        begin_tile<T, f, direct>(p, sum, row, column);
        for (int step = 0; step < steps; ++step, at ^= 1) {
            __pipeline_wait_prior(0);
            __syncthreads();   // this slab is there, and the last is done with
            const bool next_tile = step + 1 == steps;
            if (!next_tile || column + S::side < last)
                fetch(p, row, next_tile ? column + S::side : column, next_tile ? 0 : (step + 1) * slab, slabs[at ^ 1]);
#pragma unroll
            for (int k = 0; k < slab; ++k) {
                T x[S::each], y[S::each];
#pragma unroll
                for (int g = 0; g < 2; ++g) {
                    load_group(&slabs[at].x[k][S::place(a, g * S::group)], x + g * S::group);
                    load_group(&slabs[at].y[k][S::place(b, g * S::group)], y + g * S::group);
                }
#pragma unroll
                for (int i = 0; i < S::each; ++i)
#pragma unroll
                    for (int j = 0; j < S::each; ++j) {
                        if constexpr (direct) {
                            const T gap = x[i] - y[j];
                            sum[i][j] = multiply_add(gap, gap, sum[i][j]);
                        } else {
                            sum[i][j] = multiply_add(x[i], y[j], sum[i][j]);
                        }
                    }
            }
        }
        const bool whole = row + S::side <= p.x.rows && column + S::side <= p.y.rows && !(p.itself && row == column);
        if (whole) finish_tile<T, f, direct, false>(p, sum, row, column, part, column_record, running);
        else finish_tile<T, f, direct, true>(p, sum, row, column, part, column_record, running);
    }
    if (b < S::each) p.row_records[chunk * p.rows() + blockIdx.y * S::side + S::place(a, gathered<S::each>(b))] = running.row;
    double squares[1] = {running.squares};
    gather<1, 32, 1>(squares);
    __syncthreads();
    if (threadIdx.x % 32 == 0) part[0][threadIdx.x / 32] = squares[0];
    __syncthreads();
    if (threadIdx.x == 0) {
        double whole = 0;
        for (int w = 0; w < threads / 32; ++w) whole += part[0][w];
        p.square_records[blockIdx.y * p.chunks() + chunk] = whole;
    }
}

/// The sum of `count` records that lie `stride` apart, in their order; their loads do not wait for each other.
__device__ inline double sum_of(const double* records, std::int64_t count, std::int64_t stride) {
    constexpr int at_once = 8;
    double sum = 0.0;
    for (std::int64_t k = 0; k < count; k += at_once) {
        double some[at_once];
#pragma unroll
        for (int i = 0; i < at_once; ++i) some[i] = k + i < count ? records[(k + i) * stride] : 0.0;
#pragma unroll
        for (int i = 0; i < at_once; ++i) sum += some[i];
    }
    return sum;
}

/// Thread i has a row, a column of a strip, or a tile's squares.
__global__ void add_records(DevicePairs p) {
    const std::int64_t i = blockIdx.x * std::int64_t{threads} + threadIdx.x, per_strip = DevicePairs::strip_rows / p.tile();
    if (i >= p.results()) return;
    const auto chunks_from = [&](std::int64_t row) { return p.itself ? row / DevicePairs::chunk_columns : 0; };
    double sum = 0.0;
    if (i < p.rows()) {
        const std::int64_t row = first_row(p, i / p.tile()), from = chunks_from(row);
        if (row < p.x.padded_rows()) sum = sum_of(p.row_records + from * p.rows() + i, p.chunks() - from, p.rows());
    } else if (i < p.rows() + p.strips * p.columns()) {
        const std::int64_t strip = (i - p.rows()) / p.columns(), column = (i - p.rows()) % p.columns(),
                           t = strip * per_strip, row = first_row(p, t);
        const std::int64_t end = p.itself ? column / p.tile() * p.tile() : p.x.padded_rows(),
                           tiles = (end - row + p.tile() - 1) / p.tile();   // above the diagonal
        sum = sum_of(p.column_records + t * p.columns() + column, tiles < per_strip ? tiles : per_strip, p.columns());
    } else {
        const std::int64_t t = i - p.rows() - p.strips * p.columns(), row = first_row(p, t), from = chunks_from(row);
        if (row < p.x.padded_rows()) sum = sum_of(p.square_records + t * p.chunks() + from, p.chunks() - from, 1);
    }
    p.sums[i] = sum;
}

/// Thread i has number i of the totals.
__global__ void add_strips(DevicePairs p) {
    const std::int64_t i = blockIdx.x * std::int64_t{threads} + threadIdx.x, last = p.numbers() - 1;
    if (i > last) return;
    const double *columns = p.sums + p.rows(), *squares = columns + p.strips * p.columns();
    double sum = 0.0;
    if (i == last) {
        sum = sum_of(squares, p.tiles(), 1);
    } else if (i >= p.x.rows) {
        sum = sum_of(columns + (i - p.x.rows), p.strips, p.columns());
    } else {
        for (std::int64_t strip = 0; strip < p.strips; ++strip) {
            if (i / DevicePairs::strip_rows == strip) sum += p.sums[i];
            if (p.itself) sum += columns[strip * p.columns() + i];
        }
    }
    p.totals[i] = sum;
}

template <class T, PairFunction f, bool direct>
void launch(const DeviceQueue& queue, const DevicePairs& p) {
    const dim3 grid(static_cast<unsigned>(p.chunks()), static_cast<unsigned>(p.tiles()));
    pair_tiles<T, f, direct><<<grid, threads, 0, stream_of(queue)>>>(p);
    check_launch("pair_tiles");
}

template <class T>
void launch_function(const DeviceQueue& queue, const DevicePairs& p) {
    const auto f = static_cast<PairFunction>(p.function);
    if (f == PairFunction::cubic) return launch<T, PairFunction::cubic, false>(queue, p);
    if (f == PairFunction::distance) return launch<T, PairFunction::distance, true>(queue, p);
    if constexpr (sizeof(T) == 4)
        if (!p.direct) return launch<T, PairFunction::gaussian, false>(queue, p);
    launch<T, PairFunction::gaussian, true>(queue, p);
}

}  // namespace

const char* pairs(const DeviceQueue* queue, const DevicePairs* what) {
    return in_words([&] {
        const Use use(queue->device);
        what->x.number == Number::float32 ? launch_function<float>(*queue, *what) : launch_function<double>(*queue, *what);
        add_records<<<static_cast<unsigned>((what->results() + threads - 1) / threads), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("add_records");
        if (what->totals == nullptr) return;
        add_strips<<<static_cast<unsigned>((what->numbers() + threads - 1) / threads), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("add_strips");
    });
}

}  // namespace buffon::device

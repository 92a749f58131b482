/// Projections of points on directions: a tiled product, whose numbers go where they are sorted. Floats meet on tensor
/// cores where there are any: a float is the sum of two of TF32, 22 bits, and a product three of theirs, small ones first,
/// summed in float; a step's sums before they join the others, since tensor cores cut what they cannot hold.
/// Source: Ootomo, Yokota, arXiv:2203.03341, of split products; NVIDIA, Parallel Thread Execution ISA: mma.m16n8k8.
#include <buffon/device_projections.cuh>

#include <type_traits>

#include <cuda_pipeline.h>

#include <buffon/device_kernels.cuh>
#include <buffon/device_scratch.cuh>

namespace buffon::device {
namespace {

constexpr int threads = 256, tile = 64, across = 128;   // rows and directions of a block

__host__ __device__ inline std::int64_t tiles_of(std::int64_t rows) { return (rows + tile - 1) / tile; }

/// The rows of a block: tiles of the second sample follow those of the first.
struct Rows {
    int set;
    std::int64_t first;

    __device__ explicit Rows(const DeviceSlices& s) {
        const std::int64_t of_first = tiles_of(s.set[0].rows);
        set = blockIdx.x < of_first ? 0 : 1;
        first = (blockIdx.x - (set == 0 ? 0 : of_first)) * std::int64_t{tile};
    }
};

/// As the processor has it in double, unfused.
__device__ double plus_product(double sum, double a, double b) { return sum + a * b; }
__device__ float plus_product(float sum, float a, float b) { return fmaf(a, b, sum); }

__device__ void note_bad(const DeviceSliceSet& set, std::int64_t row) {
    atomicMin(reinterpret_cast<unsigned long long*>(set.bad), static_cast<unsigned long long>(row));
}

namespace plain {

constexpr int depth = 16, own = 4, groups = across / tile;   // a thread has 4 rows, twice 4 directions

/// Four numbers that lie together.
template <class T>
struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) Four {
    T at[own];
};

/// A thread's share of `rows` rows and `depth` coordinates of a table, on its way to shared memory.
template <class T, int rows>
struct Share {
    static constexpr int each = rows * depth / threads;
    T numbers[each];

    __device__ void read(const T* from, std::int64_t first, std::int64_t all, std::int64_t dim, std::int64_t k) {
#pragma unroll
        for (int e = 0; e < each; ++e) {
            const int p = threadIdx.x + e * threads;
            const std::int64_t row = first + p / depth, column = k + p % depth;
            numbers[e] = row < all && column < dim ? from[row * dim + column] : T(0);
        }
    }
    __device__ void look(std::int64_t first, const DeviceSliceSet& set) const {
#pragma unroll
        for (int e = 0; e < each; ++e)
            if (!isfinite(numbers[e])) note_bad(set, first + (threadIdx.x + e * threads) / depth);
    }
    __device__ void write(T (&to)[depth][rows + own]) const {
#pragma unroll
        for (int e = 0; e < each; ++e)
            to[(threadIdx.x + e * threads) % depth][(threadIdx.x + e * threads) / depth] = numbers[e];
    }
};

template <class T>
__global__ void __launch_bounds__(threads)
    project(const __grid_constant__ DeviceSlices s, const __grid_constant__ SliceKeys keys) {
    __shared__ alignas(16) T points[depth][tile + own], directions[depth][across + own];
    const Rows block(s);
    const DeviceSliceSet& set = s.set[block.set];
    const std::int64_t row = block.first, direction = blockIdx.y * std::int64_t{across};
    const int r = threadIdx.x % 16 * own, d = threadIdx.x / 16 * own;
    T sum[groups][own][own] = {};
    Share<T, tile> of_points;
    Share<T, across> of_directions;
    const auto read = [&](std::int64_t k) {
        of_points.read(static_cast<const T*>(set.from), row, set.rows, s.dim, k);
        of_directions.read(static_cast<const T*>(s.directions), direction, s.count, s.dim, k);
    };
    read(0);
    for (std::int64_t k = 0; k < s.dim; k += depth) {
        if (blockIdx.y == 0) of_points.look(row, set);
        of_points.write(points);
        of_directions.write(directions);
        __syncthreads();
        if (k + depth < s.dim) read(k + depth);
#pragma unroll
        for (int j = 0; j < depth; ++j) {   // beyond the last coordinate both are 0
            const Four<T> x = *reinterpret_cast<const Four<T>*>(&points[j][r]);
#pragma unroll
            for (int g = 0; g < groups; ++g) {
                const Four<T> y = *reinterpret_cast<const Four<T>*>(&directions[j][d + g * tile]);
#pragma unroll
                for (int a = 0; a < own; ++a)
#pragma unroll
                    for (int b = 0; b < own; ++b) sum[g][a][b] = plus_product(sum[g][a][b], x.at[b], y.at[a]);
            }
        }
        __syncthreads();
    }
    for (int g = 0; g < groups; ++g)
        for (int a = 0; a < own; ++a)
            for (int b = 0; b < own; ++b)
                if (const std::int64_t i = row + r + b, l = direction + d + g * tile + a; i < set.rows && l < s.count)
                    keys.put(block.set, l, i, sum[g][a][b]);
}

}   // namespace plain

namespace tensor {

constexpr int depth = 32, stride = depth + 4;   // coordinates of a step; rows of a table do not begin in one bank
constexpr int least_steps = 12;                 // of a part: sums of parts have to be written and read
constexpr int row_tiles = 2,
              column_tiles = 4;   // of 16 rows and of 8 directions, of a warp: two warps share the directions

/// Coordinates are dealt to `count` blocks, `length` each, a multiple of the depth, so that all multiprocessors are busy
/// to the end.
struct Parts {
    int count = 1;
    std::int64_t length = 0;
    float* sums = nullptr;   // (count, numbers), of more than one
};

/// What a step needs, twice: one is fetched while the other is at work.
struct Step {
    float points[tile][stride], directions[across][stride];
};

/// Rows of a table, zeros where there are none. `Pack`: numbers that lie together at their natural alignment.
template <class Pack, int rows>
__device__ void fetch(const float* from, std::int64_t first, std::int64_t all, std::int64_t dim, std::int64_t k,
                      float (*to)[stride]) {
    constexpr int together = sizeof(Pack) / sizeof(float), of_row = depth / together;
#pragma unroll
    for (int e = threadIdx.x; e < rows * of_row; e += threads) {
        const std::int64_t row = first + e / of_row, column = k + e % of_row * together;
        const bool there = row < all && column < dim;
        __pipeline_memcpy_async(&to[e / of_row][e % of_row * together], from + (there ? row * dim + column : 0),
                                sizeof(Pack), there ? 0 : sizeof(Pack));
    }
}

struct Halves {
    std::uint32_t high, low;
};

/// The first 11 bits, and the 11 after them: tensor cores do not look at the last 13 of a word.
__device__ inline Halves split(float v) {
    const std::uint32_t high = __float_as_uint(v) & 0xffffe000u;
    return {high, __float_as_uint(v - __uint_as_float(high))};
}

/// sums += a b of 16 x 8 and 8 x 8 numbers, spread over a warp.
__device__ inline void multiply(float (&sums)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
        "%3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The product of a step: of a tile of 16 x 8 a lane has the rows lane / 4 and that + 8, the directions 2 (lane % 4) and
/// the next.
[[maybe_unused]] __device__ inline void add_step(const Step& step, int row, int direction,
                                                 float (&sum)[row_tiles][column_tiles][4]) {
    const int lane = threadIdx.x % 32, outer = lane / 4, inner = lane % 4;
    float part[row_tiles][column_tiles][4] = {};
#pragma unroll
    for (int k = 0; k < depth; k += 8) {
        std::uint32_t high[row_tiles][4], low[row_tiles][4];
#pragma unroll
        for (int m = 0; m < row_tiles; ++m)
#pragma unroll
            for (int e = 0; e < 4; ++e) {
                const Halves of = split(step.points[row + 16 * m + outer + e % 2 * 8][k + inner + e / 2 * 4]);
                high[m][e] = of.high, low[m][e] = of.low;
            }
        std::uint32_t column_high[column_tiles][2], column_low[column_tiles][2];
#pragma unroll
        for (int n = 0; n < column_tiles; ++n)
#pragma unroll
            for (int e = 0; e < 2; ++e) {
                const Halves of = split(step.directions[direction + 8 * n + outer][k + inner + 4 * e]);
                column_high[n][e] = of.high, column_low[n][e] = of.low;
            }
        const auto every = [&](const auto& product) {   // products of one kind do not wait for each other
#pragma unroll
            for (int n = 0; n < column_tiles; ++n)
#pragma unroll
                for (int m = 0; m < row_tiles; ++m) product(m, n);
        };
        every([&](int m, int n) { multiply(part[m][n], low[m], column_high[n]); });
        every([&](int m, int n) { multiply(part[m][n], high[m], column_low[n]); });
        every([&](int m, int n) { multiply(part[m][n], high[m], column_high[n]); });
    }
#pragma unroll
    for (int m = 0; m < row_tiles; ++m)
#pragma unroll
        for (int n = 0; n < column_tiles; ++n)
#pragma unroll
            for (int e = 0; e < 4; ++e) sum[m][n][e] += part[m][n][e];
}

template <class Pack>
__global__ void __launch_bounds__(threads, 2) project([[maybe_unused]] const __grid_constant__ DeviceSlices s,
                                                      [[maybe_unused]] const __grid_constant__ SliceKeys keys,
                                                      [[maybe_unused]] const __grid_constant__ Parts parts) {
#if __CUDA_ARCH__ >= 800
    extern __shared__ __align__(16) unsigned char memory[];
    Step* const steps = reinterpret_cast<Step*>(memory);
    const Rows block(s);
    const DeviceSliceSet& set = s.set[block.set];
    const std::int64_t direction = blockIdx.y * std::int64_t{across}, begin = blockIdx.z * parts.length,
                       end = min(begin + parts.length, s.dim);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warp_row = warp % 2 * 16 * row_tiles,
              warp_direction = warp / 2 * 8 * column_tiles;
    const auto fetch_step = [&](std::int64_t k, Step& to) {
        fetch<Pack, tile>(static_cast<const float*>(set.from), block.first, set.rows, s.dim, k, to.points);
        fetch<Pack, across>(static_cast<const float*>(s.directions), direction, s.count, s.dim, k, to.directions);
        __pipeline_commit();
    };
    float sum[row_tiles][column_tiles][4] = {};
    fetch_step(begin, steps[0]);
    for (std::int64_t k = begin, at = 0; k < end; k += depth, at ^= 1) {
        __pipeline_wait_prior(0);
        __syncthreads();   // this step is there, and the last is done with
        if (k + depth < end) fetch_step(k + depth, steps[at ^ 1]);
        if (blockIdx.y == 0)
#pragma unroll
            for (int e = threadIdx.x; e < tile * depth; e += threads)
                if (!isfinite(steps[at].points[e / depth][e % depth])) note_bad(set, block.first + e / depth);
        add_step(steps[at], warp_row, warp_direction, sum);
    }
#pragma unroll
    for (int m = 0; m < row_tiles; ++m)
#pragma unroll
        for (int n = 0; n < column_tiles; ++n)
#pragma unroll
            for (int e = 0; e < 4; ++e) {
                const std::int64_t i = block.first + warp_row + 16 * m + lane / 4 + e / 2 * 8,
                                   l = direction + warp_direction + 8 * n + lane % 4 * 2 + e % 2;
                if (i >= set.rows || l >= s.count) continue;
                if (parts.sums == nullptr)
                    keys.put(block.set, l, i, sum[m][n][e]);
                else
                    parts.sums[blockIdx.z * s.numbers() + keys.place(block.set, l, i)] = sum[m][n][e];
            }
#endif
}

/// A thread has a number of each part.
__global__ void __launch_bounds__(threads)
    join(const __grid_constant__ DeviceSlices s, const __grid_constant__ SliceKeys keys,
         const __grid_constant__ Parts parts) {
    const std::int64_t at = blockIdx.x * std::int64_t{threads} + threadIdx.x, of_first = s.set[0].rows * s.count;
    if (at >= s.numbers()) return;
    float sum = 0.0f;
    for (int p = 0; p < parts.count; ++p) sum += parts.sums[p * s.numbers() + at];
    const int set = at < of_first ? 0 : 1;
    const std::int64_t in_set = at - (set == 0 ? 0 : of_first);
    keys.put(set, in_set / s.set[set].rows, in_set % s.set[set].rows, sum);
}

/// Whether rows begin where four floats may be read at once.
bool aligned(const DeviceSlices& s) {
    const auto at = [](const void* from) { return reinterpret_cast<std::uintptr_t>(from) % sizeof(float4) == 0; };
    return s.dim % 4 == 0 && at(s.set[0].from) && at(s.set[1].from) && at(s.directions);
}

bool has_tensor_cores(int device) {
    int major = 0;
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "cudaDeviceGetAttribute");
    return major >= 8;
}

void run(const DeviceSlices& s, const SliceKeys& keys, dim3 blocks, const DeviceQueue& queue) {
    const cudaStream_t stream = stream_of(queue);
    const std::int64_t steps = (s.dim + depth - 1) / depth;
    const int wanted =
        parts_for(std::int64_t{blocks.x} * blocks.y, (steps + least_steps - 1) / least_steps, 2, queue.device);
    Parts parts{.length = (steps + wanted - 1) / wanted * depth};
    parts.count = static_cast<int>((s.dim + parts.length - 1) / parts.length);
    Scratch<float> sums(parts.count > 1 ? parts.count * s.numbers() : 0, stream);
    parts.sums = sums.data();
    blocks.z = static_cast<unsigned>(parts.count);
    const auto launch = [&](auto* kernel) {
        allow_shared(kernel, 2 * sizeof(Step));
        kernel<<<blocks, threads, 2 * sizeof(Step), stream>>>(s, keys, parts);
    };
    aligned(s) ? launch(project<float4>) : launch(project<float>);
    if (parts.count > 1) join<<<blocks_for(s.numbers(), threads, INT32_MAX), threads, 0, stream>>>(s, keys, parts);
}

}   // namespace tensor
}   // namespace

void project(const DeviceSlices& s, const SliceKeys& keys, const DeviceQueue& queue) {
    const dim3 blocks(static_cast<unsigned>(tiles_of(s.set[0].rows) + tiles_of(s.set[1].rows)),
                      static_cast<unsigned>((s.count + across - 1) / across));
    if (s.number == Number::float64)
        plain::project<double><<<blocks, threads, 0, stream_of(queue)>>>(s, keys);
    else if (tensor::has_tensor_cores(queue.device))
        tensor::run(s, keys, blocks, queue);
    else
        plain::project<float><<<blocks, threads, 0, stream_of(queue)>>>(s, keys);
    check_launch("project");
}

}   // namespace buffon::device

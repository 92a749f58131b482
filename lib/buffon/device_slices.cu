/// Directions of the sphere, and projections of points on them, sorted: a tiled product, then one radix sort of all
/// lines. A float, its direction and its row
/// fit into 64 bits; doubles are sorted by themselves, then, the sort being stable, by their directions.
#include <buffon/device_functions.cuh>

#include <bit>

#include <cub/block/block_reduce.cuh>
#include <cub/device/device_radix_sort.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_scratch.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256, depth = 16;
constexpr int tile = 64, across = 128, own = 4,
              groups = across / tile;   // rows and directions of a block; a thread has 4 rows, twice 4 directions

/// Integers in the order of the numbers; -0 is 0.
__device__ std::uint64_t sortable(double v) {
    const auto bits = static_cast<std::uint64_t>(__double_as_longlong(v + 0.0));
    return bits >> 63 ? ~bits : bits | std::uint64_t{1} << 63;
}
__device__ std::uint32_t sortable(float v) {
    const std::uint32_t bits = __float_as_uint(v + 0.0f);
    return bits >> 31 ? ~bits : bits | 1u << 31;
}
__device__ float number_of(std::uint32_t key) { return __uint_as_float(key >> 31 ? key & 0x7fffffffu : ~key); }

/// As the processor has it in double, unfused.
__device__ double plus_product(double sum, double a, double b) { return sum + a * b; }
__device__ float plus_product(float sum, float a, float b) { return fmaf(a, b, sum); }

/// Keys of a line's numbers, in the order of the rows: see the head.
struct Keys {
    int row_bits;   // of floats
    std::uint64_t* keys;
    double* values;          // of doubles
    std::uint32_t* places;   // of doubles: direction * rows + row

    __device__ void put(std::int64_t direction, std::int64_t row, std::int64_t rows, float v) const {
        keys[direction * rows + row] = static_cast<std::uint64_t>(direction) << (32 + row_bits) |
                                       std::uint64_t{sortable(v)} << row_bits | static_cast<std::uint64_t>(row);
    }
    __device__ void put(std::int64_t direction, std::int64_t row, std::int64_t rows, double v) const {
        const std::int64_t at = direction * rows + row;
        keys[at] = sortable(v);
        values[at] = v;
        places[at] = static_cast<std::uint32_t>(at);
    }
};

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
    /// The first row with a number that is not finite.
    __device__ void look(std::int64_t first, std::uint64_t* bad) const {
#pragma unroll
        for (int e = 0; e < each; ++e)
            if (!isfinite(numbers[e]))
                atomicMin(reinterpret_cast<unsigned long long*>(bad),
                          static_cast<unsigned long long>(first + (threadIdx.x + e * threads) / depth));
    }
    __device__ void write(T (&to)[depth][rows + own]) const {
#pragma unroll
        for (int e = 0; e < each; ++e) to[(threadIdx.x + e * threads) % depth][(threadIdx.x + e * threads) / depth] = numbers[e];
    }
};

template <class T>
__global__ void __launch_bounds__(threads) project(DeviceSlices s, Keys keys) {
    __shared__ alignas(16) T points[depth][tile + own], directions[depth][across + own];
    const std::int64_t row = blockIdx.x * std::int64_t{tile}, direction = blockIdx.y * std::int64_t{across};
    const int r = threadIdx.x % 16 * own, d = threadIdx.x / 16 * own;
    T sum[groups][own][own] = {};
    Share<T, tile> of_points;
    Share<T, across> of_directions;
    const auto read = [&](std::int64_t k) {
        of_points.read(static_cast<const T*>(s.from), row, s.rows, s.dim, k);
        of_directions.read(static_cast<const T*>(s.directions), direction, s.count, s.dim, k);
    };
    read(0);
    for (std::int64_t k = 0; k < s.dim; k += depth) {
        if (blockIdx.y == 0) of_points.look(row, s.bad);
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
                if (const std::int64_t i = row + r + b, l = direction + d + g * tile + a; i < s.rows && l < s.count)
                    keys.put(l, i, s.rows, sum[g][a][b]);
}

/// A block has a direction: its normal numbers, two of 128 random bits each, then their norm.
template <class T>
__global__ void __launch_bounds__(threads) draw_directions(DeviceDirections p) {
    using Reduce = cub::BlockReduce<double, threads>;
    __shared__ typename Reduce::TempStorage room;
    __shared__ double norm;
    const auto normal = [&](std::int64_t pair, int h) {
        const auto bits = p.stream.bits(p.first + blockIdx.x, static_cast<std::uint32_t>(pair));
        return vecmath::normal_quantile(to_unit(std::uint64_t{bits[2 * h + 1]} << 32 | bits[2 * h]));
    };
    double square = 0.0;
    for (std::int64_t j = threadIdx.x; j < p.dim; j += threads) square += normal(j / 2, j % 2) * normal(j / 2, j % 2);
    square = Reduce(room).Sum(square);
    if (threadIdx.x == 0) norm = sqrt(square);
    __syncthreads();
    for (std::int64_t j = threadIdx.x; j < p.dim; j += threads)
        static_cast<T*>(p.out)[blockIdx.x * p.dim + j] = static_cast<T>(normal(j / 2, j % 2) / norm);
}

/// What a sorted key of floats says.
__global__ void __launch_bounds__(threads)
    unpack(const std::uint64_t* keys, int row_bits, std::int64_t n, float* values, std::uint32_t* order) {
    for (std::int64_t p = blockIdx.x * std::int64_t{threads} + threadIdx.x; p < n; p += gridDim.x * std::int64_t{threads}) {
        values[p] = number_of(static_cast<std::uint32_t>(keys[p] >> row_bits));
        order[p] = static_cast<std::uint32_t>(keys[p] & ((std::uint64_t{1} << row_bits) - 1));
    }
}

__global__ void __launch_bounds__(threads)
    directions_of(const std::uint32_t* places, std::uint32_t rows, std::int64_t n, std::uint32_t* directions) {
    for (std::int64_t p = blockIdx.x * std::int64_t{threads} + threadIdx.x; p < n;
         p += gridDim.x * std::int64_t{threads})
        directions[p] = places[p] / rows;
}

__global__ void __launch_bounds__(threads) gather(const std::uint32_t* places, std::uint32_t rows, std::int64_t n,
                                                  const double* from, double* values, std::uint32_t* order) {
    for (std::int64_t p = blockIdx.x * std::int64_t{threads} + threadIdx.x; p < n; p += gridDim.x * std::int64_t{threads}) {
        values[p] = from[places[p]];
        order[p] = places[p] % rows;
    }
}

/// Bits of the numbers 0 ... n - 1.
int bits_of(std::int64_t n) { return std::bit_width(static_cast<std::uint64_t>(n - 1)); }

/// A sort of CUB with the memory that it asks for: sort(memory, bytes) -> cudaError_t.
template <class Sort>
void sorted(cudaStream_t stream, const Sort& sort) {
    std::size_t bytes = 0;
    check(sort(nullptr, bytes), "cub::DeviceRadixSort");
    Scratch<char> room(static_cast<std::int64_t>(bytes), stream);
    check(sort(room.data(), bytes), "cub::DeviceRadixSort");
}

template <class T>
void launch_projection(const DeviceSlices& s, const Keys& keys, cudaStream_t stream) {
    const dim3 blocks(static_cast<unsigned>((s.rows + tile - 1) / tile), static_cast<unsigned>((s.count + across - 1) / across));
    project<T><<<blocks, threads, 0, stream>>>(s, keys);
    check_launch("project");
}

void slices_of_floats(const DeviceSlices& s, cudaStream_t stream) {
    const std::int64_t n = s.rows * s.count;
    const int row_bits = bits_of(s.rows);
    Scratch<std::uint64_t> first(n, stream), second(n, stream);
    launch_projection<float>(s, {row_bits, first.data(), nullptr, nullptr}, stream);
    cub::DoubleBuffer<std::uint64_t> keys(first.data(), second.data());
    sorted(stream, [&](void* room, std::size_t& bytes) {
        return cub::DeviceRadixSort::SortKeys(room, bytes, keys, n, row_bits, 32 + row_bits + bits_of(s.count), stream);
    });
    unpack<<<blocks_for(n, threads), threads, 0, stream>>>(keys.Current(), row_bits, n, static_cast<float*>(s.values), s.order);
    check_launch("unpack");
}

void slices_of_doubles(const DeviceSlices& s, cudaStream_t stream) {
    const std::int64_t n = s.rows * s.count;
    const auto rows = static_cast<std::uint32_t>(s.rows);
    Scratch<std::uint64_t> first(n, stream), second(n, stream);
    Scratch<std::uint32_t> places(n, stream), others(n, stream);
    Scratch<double> values(n, stream);
    launch_projection<double>(s, {0, first.data(), values.data(), places.data()}, stream);
    cub::DoubleBuffer<std::uint64_t> keys(first.data(), second.data());
    cub::DoubleBuffer<std::uint32_t> at(places.data(), others.data());
    sorted(stream, [&](void* room, std::size_t& bytes) {
        return cub::DeviceRadixSort::SortPairs(room, bytes, keys, at, n, 0, 64, stream);
    });
    if (s.count > 1) {   // their numbers lie there for good, and the keys' memory is free
        cub::DoubleBuffer<std::uint32_t> of(reinterpret_cast<std::uint32_t*>(first.data()),
                                            reinterpret_cast<std::uint32_t*>(second.data()));
        directions_of<<<blocks_for(n, threads), threads, 0, stream>>>(at.Current(), rows, n, of.Current());
        check_launch("directions_of");
        sorted(stream, [&](void* room, std::size_t& bytes) {
            return cub::DeviceRadixSort::SortPairs(room, bytes, of, at, n, 0, bits_of(s.count), stream);
        });
    }
    gather<<<blocks_for(n, threads), threads, 0, stream>>>(at.Current(), rows, n, values.data(),
                                                           static_cast<double*>(s.values), s.order);
    check_launch("gather");
}

}  // namespace

const char* slice_directions(const DeviceQueue* queue, const DeviceDirections* what) {
    return in_words([&] {
        if (what->count * what->dim == 0) return;
        const Use use(queue->device);
        const auto blocks = static_cast<unsigned>(what->count);
        if (what->number == Number::float32) draw_directions<float><<<blocks, threads, 0, stream_of(*queue)>>>(*what);
        else draw_directions<double><<<blocks, threads, 0, stream_of(*queue)>>>(*what);
        check_launch("draw_directions");
    });
}

const char* slices(const DeviceQueue* queue, const DeviceSlices* what) {
    return in_words([&] {
        if (what->rows * what->count == 0) return;
        if (what->rows * what->count > DeviceSlices::most || what->count > 65'535 * across)
            throw std::invalid_argument("slices: too many numbers at once");
        const Use use(queue->device);
        if (what->number == Number::float32) slices_of_floats(*what, stream_of(*queue));
        else slices_of_doubles(*what, stream_of(*queue));
    });
}

}  // namespace buffon::device

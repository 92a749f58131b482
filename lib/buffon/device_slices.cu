/// Directions of the sphere, and lines of projections, sorted: one radix sort of all of them. A float, its line and its row
/// fit into 64 bits; doubles are sorted by themselves, then, the sort being stable, by their lines.
#include <buffon/device_functions.cuh>

#include <algorithm>
#include <bit>

#include <cub/block/block_reduce.cuh>
#include <cub/device/device_radix_sort.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_projections.cuh>
#include <buffon/device_scratch.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 512;

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
    for (std::int64_t j = threadIdx.x; j < p.dim; j += threads) {
        const double v = normal(j / 2, j % 2);
        square += v * v;
    }
    square = Reduce(room).Sum(square);
    if (threadIdx.x == 0) norm = sqrt(square);
    __syncthreads();
    for (std::int64_t j = threadIdx.x; j < p.dim; j += threads)
        static_cast<T*>(p.out)[blockIdx.x * p.dim + j] = static_cast<T>(normal(j / 2, j % 2) / norm);
}

/// Where a number at place p of the lines belongs.
struct Places {
    std::uint32_t rows[2], count;

    __device__ std::uint32_t line(std::uint32_t p) const {
        const std::uint32_t of_first = rows[0] * count;
        return p < of_first ? p / rows[0] : count + (p - of_first) / rows[1];
    }
    __device__ std::uint32_t row(std::uint32_t p) const {
        const std::uint32_t of_first = rows[0] * count;
        return p < of_first ? p % rows[0] : (p - of_first) % rows[1];
    }
};

__global__ void __launch_bounds__(threads)
    lines_of(const std::uint32_t* places, Places where, std::int64_t n, std::uint32_t* lines) {
    for (std::int64_t p = blockIdx.x * std::int64_t{threads} + threadIdx.x; p < n;
         p += gridDim.x * std::int64_t{threads})
        lines[p] = where.line(places[p]);
}

__global__ void __launch_bounds__(threads)
    gather(std::uint32_t* places, Places where, std::int64_t n, const double* from, double* values) {
    for (std::int64_t p = blockIdx.x * std::int64_t{threads} + threadIdx.x; p < n;
         p += gridDim.x * std::int64_t{threads}) {
        values[p] = from[places[p]];
        places[p] = where.row(places[p]);
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

/// Lines that lie one after the other.
void put_lines(const DeviceSlices& s, const void* sorted, std::size_t of_number, const std::uint32_t* order,
               int row_bits, DeviceLines* lines) {
    const std::int64_t of_first = s.set[0].rows * s.count;
    for (const int k : {0, 1}) {
        const std::int64_t from = k == 0 ? 0 : of_first;
        lines[k] = {static_cast<const char*>(sorted) + static_cast<std::size_t>(from) * of_number,
                    order != nullptr ? order + from : nullptr, s.set[k].rows, row_bits};
    }
}

void slices_of_floats(const DeviceSlices& s, const DeviceQueue& queue, DeviceLines* lines) {
    const cudaStream_t stream = stream_of(queue);
    const std::int64_t n = s.numbers(), sets = s.set[1].rows > 0 ? 2 : 1;
    const int row_bits = bits_of(std::max(s.set[0].rows, s.set[1].rows));
    auto* first = static_cast<std::uint64_t*>(s.room);
    project(s, {{s.set[0].rows, s.set[1].rows}, s.count, row_bits, first, nullptr, nullptr}, queue);
    cub::DoubleBuffer<std::uint64_t> keys(first, first + n);
    sorted(stream, [&](void* room, std::size_t& bytes) {
        return cub::DeviceRadixSort::SortKeys(room, bytes, keys, n, row_bits, 32 + row_bits + bits_of(sets * s.count),
                                              stream);
    });
    put_lines(s, keys.Current(), sizeof(std::uint64_t), nullptr, row_bits, lines);
}

void slices_of_doubles(const DeviceSlices& s, const DeviceQueue& queue, DeviceLines* lines) {
    const cudaStream_t stream = stream_of(queue);
    const std::int64_t n = s.numbers(), all_lines = s.set[1].rows > 0 ? 2 * s.count : s.count;
    const Places where{{static_cast<std::uint32_t>(s.set[0].rows), static_cast<std::uint32_t>(s.set[1].rows)},
                       static_cast<std::uint32_t>(s.count)};
    auto* first = static_cast<std::uint64_t*>(s.room);
    auto* values = reinterpret_cast<double*>(first + 2 * n);
    auto* places = reinterpret_cast<std::uint32_t*>(values + n);
    project(s, {{s.set[0].rows, s.set[1].rows}, s.count, 0, first, values, places}, queue);
    cub::DoubleBuffer<std::uint64_t> keys(first, first + n);
    cub::DoubleBuffer<std::uint32_t> at(places, places + n);
    sorted(stream, [&](void* room, std::size_t& bytes) {
        return cub::DeviceRadixSort::SortPairs(room, bytes, keys, at, n, 0, 64, stream);
    });
    if (all_lines > 1) {   // the numbers lie there for good, and the keys' memory is free
        cub::DoubleBuffer<std::uint32_t> of(reinterpret_cast<std::uint32_t*>(first),
                                            reinterpret_cast<std::uint32_t*>(first + n));
        lines_of<<<blocks_for(n, threads), threads, 0, stream>>>(at.Current(), where, n, of.Current());
        check_launch("lines_of");
        sorted(stream, [&](void* room, std::size_t& bytes) {
            return cub::DeviceRadixSort::SortPairs(room, bytes, of, at, n, 0, bits_of(all_lines), stream);
        });
    }
    gather<<<blocks_for(n, threads), threads, 0, stream>>>(at.Current(), where, n, values,
                                                           reinterpret_cast<double*>(first));
    check_launch("gather");
    put_lines(s, first, sizeof(double), at.Current(), 0, lines);
}

}   // namespace

const char* slice_directions(const DeviceQueue* queue, const DeviceDirections* what) {
    return in_words([&] {
        if (what->count * what->dim == 0) return;
        const Use use(queue->device);
        const auto blocks = static_cast<unsigned>(what->count);
        if (what->number == Number::float32)
            draw_directions<float><<<blocks, threads, 0, stream_of(*queue)>>>(*what);
        else
            draw_directions<double><<<blocks, threads, 0, stream_of(*queue)>>>(*what);
        check_launch("draw_directions");
    });
}

const char* slices(const DeviceQueue* queue, const DeviceSlices* what, DeviceLines* lines) {
    return in_words([&] {
        if (what->set[0].rows * what->count == 0) throw std::invalid_argument("slices: no rows or no directions");
        if (what->numbers() > DeviceSlices::most || what->count > DeviceSlices::most_directions)
            throw std::invalid_argument("slices: too many numbers at once");
        const Use use(queue->device);
        if (what->number == Number::float32)
            slices_of_floats(*what, *queue, lines);
        else
            slices_of_doubles(*what, *queue, lines);
    });
}

}   // namespace buffon::device

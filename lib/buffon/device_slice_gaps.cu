/// What sorted projections of two samples say: squared W2, Kantorovich's potentials, and squared W2 between the halves of
/// the second. Sums in an order that depends on the numbers of rows alone. Along a line a block has a segment, and
/// neighbours of it are at work together: what they scatter stays in the cache.
#include <buffon/device_functions.cuh>

#include <algorithm>
#include <type_traits>

#include <cub/block/block_reduce.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_scratch.cuh>
#include <buffon/device_slice_keys.cuh>
#include <buffon/device_warp.cuh>

namespace buffon::device {
namespace {

constexpr int threads = 512, warps = threads / 32, at_once = 4,
              segment = threads * at_once;    // numbers of a thread and of a block
constexpr int of_line = 1024, of_row = 128;   // threads where a block has a line, and where a thread has a row

__host__ __device__ inline std::int64_t segments_of(std::int64_t rows) { return (rows + segment - 1) / segment; }

/// Quantiles meet in steps of both: the part of x_i, which has the levels i / n ... (i + 1) / n, in units of 1 / (n m).
/// `equal` numbers of rows are known to the compiler: nothing then stands between the loads of a thread's numbers.
template <bool equal, class X, class Y>
__device__ double square_at(const X& x, std::int64_t n, const Y& y, std::int64_t m, std::int64_t i) {
    if constexpr (equal) {
        const double gap = x(i) - y(i);
        return static_cast<double>(n) * (gap * gap);
    }
    double sum = 0.0;
    for (std::int64_t j = i * m / n; j * n < (i + 1) * m; ++j) {
        const std::int64_t from = max(i * m, j * n), to = min((i + 1) * m, (j + 1) * n);
        const double gap = x(i) - y(j);
        sum += static_cast<double>(to - from) * (gap * gap);
    }
    return sum;
}

template <bool equal, class T>
__device__ double square_at(const SortedLine<T>& x, const SortedLine<T>& y, std::int64_t i) {
    return square_at<equal>([&](std::int64_t k) { return static_cast<double>(x.value(k)); }, x.rows,
                            [&](std::int64_t k) { return static_cast<double>(y.value(k)); }, y.rows, i);
}

/// From x_(i - 1) to x_i the potential rises by this, by 0 to x_0: its derivative is 2 (x - the quantile of y at the level of x).
template <bool equal, class T>
__device__ double rise(const SortedLine<T>& x, const SortedLine<T>& y, std::int64_t i) {
    const auto last = [](std::int64_t k) { return max(k - 1, std::int64_t{0}); };
    const std::int64_t n = x.rows, m = y.rows;
    const std::int64_t j = equal ? i : i * m / n,
                       k = equal || i * m % n == 0 ? last(j) : j;   // at a common level: half of both
    const double here = x.value(i), before = x.value(last(i));
    return (here - before) * (here + before - static_cast<double>(y.value(j)) - static_cast<double>(y.value(k)));
}

/// What is summed along a line: rises of the potential, rows of even number.
struct Step {
    double rise;
    int even;
};
static_assert(sizeof(Step) == 2 * sizeof(double));

/// Sums of the segments of a side: (count, segments) each.
struct SideSums {
    Step* steps = nullptr;
    double* squares = nullptr;   // of the first side
    bool halves = false;         // of the second side, where they are asked for
};

/// A segment of one sample against the other; blocks (segment, direction of x, then of y).
struct Side {
    DeviceLines of, other;
    std::int64_t direction;
    bool second;

    __device__ explicit Side(const DeviceSliceGaps& g) : second(blockIdx.y >= g.count) {
        direction = second ? blockIdx.y - g.count : blockIdx.y;
        of = second ? g.y : g.x;
        other = second ? g.x : g.y;
    }
    __device__ std::int64_t first() const { return blockIdx.x * std::int64_t{segment}; }
    __device__ std::int64_t at() const { return direction * segments_of(of.rows); }   // of its line's first segment
};

/// The sum of some steps; every warp makes it for itself.
__device__ inline Step sum_of(const Step* steps, int count) {
    double rise = 0.0;
    int even = 0;
    for (int s = static_cast<int>(threadIdx.x % 32); s < count; s += 32) rise += steps[s].rise, even += steps[s].even;
    return {warp_sum(rise), warp_sum(even)};
}

template <class T, bool equal>
__global__ void __launch_bounds__(threads)
    sum_segments(const __grid_constant__ DeviceSliceGaps g, SideSums of_x, SideSums of_y) {
    __shared__ Step steps[warps];
    __shared__ double square[warps];
    const Side side(g);
    if (side.first() >= side.of.rows) return;
    const SortedLine<T> line(side.of, side.direction), other(side.other, side.direction);
    const SideSums& to = side.second ? of_y : of_x;
    double rises = 0.0, squares = 0.0;
    int evens = 0;
#pragma unroll
    for (int a = 0; a < at_once; ++a) {
        const std::int64_t place = side.first() + threadIdx.x + a * threads, i = min(place, line.rows - 1);
        const double of_rise = rise<equal>(line, other, i),
                     of_square = equal || to.squares != nullptr ? square_at<equal>(line, other, i) : 0.0;
        const bool even = line.row(i) % 2 == 0, there = place == i;
        rises += there ? of_rise : 0.0;
        squares += there ? of_square : 0.0;
        evens += there && even;
    }
    rises = warp_sum(rises);
    squares = warp_sum(squares);
    evens = warp_sum(evens);
    if (threadIdx.x % 32 == 0) steps[threadIdx.x / 32] = {rises, evens}, square[threadIdx.x / 32] = squares;
    __syncthreads();
    if (threadIdx.x >= 32) return;
    const Step step = sum_of(steps, warps);
    squares = warp_sum(threadIdx.x < warps ? square[threadIdx.x] : 0.0);
    if (threadIdx.x > 0) return;
    to.steps[side.at() + blockIdx.x] = step;
    if (to.squares != nullptr) to.squares[side.at() + blockIdx.x] = squares;
}

/// Potentials go to the rows; numbers of even rows go first, then those of odd rows, and both stay sorted. A warp has
/// numbers that follow each other, 32 at a time.
template <class T, bool equal>
__global__ void __launch_bounds__(threads, 2) scatter_segments(const __grid_constant__ DeviceSliceGaps g, SideSums of_x,
                                                               SideSums of_y, double* potentials, T* halves) {
    __shared__ Step of_warp[warps];
    const Side side(g);
    if (side.first() >= side.of.rows) return;
    const SortedLine<T> line(side.of, side.direction), other(side.other, side.direction);
    const SideSums& from = side.second ? of_y : of_x;
    const int warp = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32);
    const std::int64_t mine = side.first() + warp * 32 * at_once + lane;
    double rises[at_once], up_to[at_once];
    int evens[at_once];
    std::int32_t row[at_once];
    T value[at_once];
#pragma unroll
    for (int a = 0; a < at_once; ++a) {
        const std::int64_t place = mine + 32 * a, i = min(place, line.rows - 1);
        rises[a] = rise<equal>(line, other, i);
        row[a] = static_cast<std::int32_t>(line.row(i));
        value[a] = line.value(i);
        if (place > i) rises[a] = 0.0, row[a] = -1;
    }
    Step total{0.0, 0};
#pragma unroll
    for (int a = 0; a < at_once; ++a) {
        const double running = warp_running_sum(rises[a], lane), of_lanes = __shfl_sync(~0u, running, 31);
        up_to[a] = total.rise + running;
        const unsigned even = __ballot_sync(~0u, row[a] >= 0 && row[a] % 2 == 0);
        evens[a] = total.even + __popc(even & (~0u >> (31 - lane)));
        total = {total.rise + of_lanes, total.even + __popc(even)};
    }
    if (lane == 0) of_warp[warp] = total;
    __syncthreads();
    const Step segments = sum_of(from.steps + side.at(), static_cast<int>(blockIdx.x)), here = sum_of(of_warp, warp);
    double* to = potentials + (side.second ? g.count * g.x.rows : 0) + side.direction * line.rows;
#pragma unroll
    for (int a = 0; a < at_once; ++a) {
        if (row[a] < 0) break;
        to[row[a]] = segments.rise + here.rise + up_to[a];
        if (!from.halves) continue;
        const std::int64_t even = segments.even + here.even + evens[a], odd = mine + 32 * a + 1 - even;
        halves[side.direction * line.rows + (row[a] % 2 == 0 ? even - 1 : (line.rows + 1) / 2 + odd - 1)] = value[a];
    }
}

/// A block has a direction.
template <class T, bool equal>   // halves
__global__ void __launch_bounds__(of_line)
    sum_squares(const __grid_constant__ DeviceSliceGaps g, const double* squares, const T* halves) {
    using Reduce = cub::BlockReduce<double, of_line>;
    __shared__ typename Reduce::TempStorage room;
    const std::int64_t l = blockIdx.x, segments = segments_of(g.x.rows);
    const auto divided = [](double sum, std::int64_t n, std::int64_t m) {
        return sum / (static_cast<double>(n) * static_cast<double>(m));
    };
    double sum = 0.0;
    for (std::int64_t s = threadIdx.x; s < segments; s += of_line) sum += squares[l * segments + s];
    sum = Reduce(room).Sum(sum);
    if (threadIdx.x == 0) g.squares[l] = divided(sum, g.x.rows, g.y.rows);
    if (g.halves == nullptr) return;
    const std::int64_t even = (g.y.rows + 1) / 2, odd = g.y.rows - even;
    const T *first = halves + l * g.y.rows, *second = first + even;
    double own = 0.0;
#pragma unroll 4
    for (std::int64_t i = threadIdx.x; i < even; i += of_line)
        own += square_at<equal>([&](std::int64_t k) { return static_cast<double>(first[k]); }, even,
                                [&](std::int64_t k) { return static_cast<double>(second[k]); }, odd, i);
    __syncthreads();
    own = Reduce(room).Sum(own);
    if (threadIdx.x == 0) g.halves[l] = divided(own, even, odd);
}

/// The sums over the directions, one after the other, of the rows of x, then of y.
__global__ void __launch_bounds__(of_row)
    add_directions(const __grid_constant__ DeviceSliceGaps g, const double* potentials) {
    const std::int64_t i = blockIdx.x * std::int64_t{of_row} + threadIdx.x;
    if (i >= g.x.rows + g.y.rows) return;
    const bool of_x = i < g.x.rows;
    const std::int64_t rows = of_x ? g.x.rows : g.y.rows;
    const double* each = potentials + (of_x ? i : g.count * g.x.rows + i - g.x.rows);
    double sum = 0.0;
#pragma unroll 32   // loads that do not wait for each other
    for (std::int64_t l = 0; l < g.count; ++l) sum += each[l * rows];
    g.potentials[i] = (g.more ? g.potentials[i] : 0.0) + g.scale * sum;
}

template <class T>
void run_gaps(const DeviceSliceGaps& g, cudaStream_t stream) {
    const std::int64_t in_x = segments_of(g.x.rows) * g.count, in_y = segments_of(g.y.rows) * g.count;
    const bool halves = g.halves != nullptr;
    const std::int64_t numbers = g.count * (g.x.rows + g.y.rows), of_steps = in_x + in_y;
    Scratch<double> room(numbers + 2 * of_steps + in_x + (halves ? g.count * g.y.rows : 0),
                         stream);   // one piece for all of it
    double *potentials = room.data(), *squares = potentials + numbers + 2 * of_steps;
    auto* steps = reinterpret_cast<Step*>(potentials + numbers);
    auto* sorted_halves = reinterpret_cast<T*>(squares + in_x);
    const SideSums of_x{steps, squares, false}, of_y{steps + in_x, nullptr, halves};
    const dim3 blocks(static_cast<unsigned>(segments_of(std::max(g.x.rows, g.y.rows))),
                      static_cast<unsigned>(2 * g.count));
    const auto along = [&](auto equal) {
        sum_segments<T, decltype(equal)::value><<<blocks, threads, 0, stream>>>(g, of_x, of_y);
        scatter_segments<T, decltype(equal)::value>
            <<<blocks, threads, 0, stream>>>(g, of_x, of_y, potentials, sorted_halves);
        check_launch("scatter_segments");
    };
    g.x.rows == g.y.rows ? along(std::true_type()) : along(std::false_type());
    const auto squared = [&](auto equal) {
        sum_squares<T, decltype(equal)::value>
            <<<static_cast<unsigned>(g.count), of_line, 0, stream>>>(g, of_x.squares, sorted_halves);
        check_launch("sum_squares");
    };
    g.y.rows % 2 == 0 ? squared(std::true_type()) : squared(std::false_type());
    add_directions<<<blocks_for(g.x.rows + g.y.rows, of_row, INT32_MAX), of_row, 0, stream>>>(g, potentials);
    check_launch("add_directions");
}

/// Block 0 or 1: the covariance of one kind of rows.
__global__ void __launch_bounds__(of_line) add_products(const __grid_constant__ DeviceMeans m) {
    using Reduce = cub::BlockReduce<double, of_line>;
    __shared__ typename Reduce::TempStorage room;
    __shared__ double mean[2];
    const double *u = m.u[blockIdx.x], *v = m.v[blockIdx.x];
    const std::int64_t rows = m.rows[blockIdx.x];
    const auto of_block = [&](const auto& term) {   // thread 0 has the sum
        double sum = 0.0;
#pragma unroll 8
        for (std::int64_t i = threadIdx.x; i < rows; i += of_line) sum += term(i);
        __syncthreads();   // the room is free
        return Reduce(room).Sum(sum);
    };
    const auto n = static_cast<double>(rows);
    const double of_u = of_block([&](std::int64_t i) { return u[i]; }),
                 of_v = of_block([&](std::int64_t i) { return v[i]; });
    if (threadIdx.x == 0) mean[0] = of_u / n, mean[1] = of_v / n;
    __syncthreads();
    const double sum = of_block([&](std::int64_t i) { return (u[i] - mean[0]) * (v[i] - mean[1]); });
    if (threadIdx.x == 0) m.covariance[blockIdx.x] = rows > 1 ? sum / (n - 1) / n : 0.0;
}

}   // namespace

const char* slice_gaps(const DeviceQueue* queue, const DeviceSliceGaps* what) {
    return in_words([&] {
        if (what->count == 0) return;
        if (2 * what->count > 65'535)   // of both samples, one above the other
            throw std::invalid_argument("slices: too many directions at once");
        const Use use(queue->device);
        what->number == Number::float32 ? run_gaps<float>(*what, stream_of(*queue))
                                        : run_gaps<double>(*what, stream_of(*queue));
    });
}

const char* covariance_of_means(const DeviceQueue* queue, const DeviceMeans* what) {
    return in_words([&] {
        const Use use(queue->device);
        add_products<<<2, of_line, 0, stream_of(*queue)>>>(*what);
        check_launch("add_products");
    });
}

}   // namespace buffon::device

/// What sorted projections of two samples say: squared W2 and Kantorovich's potentials. Sums in an order that depends
/// on the numbers of
/// rows alone. Sums along a line are made in segments, neighbours of which are at work together: what they scatter
/// stays in the cache.
#include <buffon/device_functions.cuh>

#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_scratch.cuh>

namespace buffon::device {
namespace {

constexpr int threads = 512, at_once = 4,
              segment = threads * at_once;   // numbers of a thread and of a block that are scanned together

/// Sorted numbers of one direction.
template <class T>
struct Line {
    const T* values;
    std::int64_t rows;

    __device__ double at(std::int64_t i) const { return static_cast<double>(values[i]); }
};

/// Quantiles meet in steps of both: the part of x_i, which has the levels i / n ... (i + 1) / n, in units of 1 / (n m).
template <class T>
__device__ double squares_at(const Line<T>& x, const Line<T>& y, std::int64_t i) {
    const std::int64_t n = x.rows, m = y.rows;
    if (n == m) {
        const double gap = x.at(i) - y.at(i);
        return static_cast<double>(n) * (gap * gap);
    }
    double sum = 0.0;
    for (std::int64_t j = i * m / n; j * n < (i + 1) * m; ++j) {
        const std::int64_t from = max(i * m, j * n), to = min((i + 1) * m, (j + 1) * n);
        const double gap = x.at(i) - y.at(j);
        sum += static_cast<double>(to - from) * (gap * gap);
    }
    return sum;
}

template <class T>
__device__ void write_square(const Line<T>& x, const Line<T>& y, double* out) {
    using Reduce = cub::BlockReduce<double, threads>;
    __shared__ typename Reduce::TempStorage room;
    double sum = 0.0;
    for (std::int64_t i = threadIdx.x; i < x.rows; i += threads) sum += squares_at(x, y, i);
    sum = Reduce(room).Sum(sum);
    if (threadIdx.x == 0) *out = sum / (static_cast<double>(x.rows) * static_cast<double>(y.rows));
}

template <class T>
__device__ Line<T> line_of(const DeviceLines& lines, std::int64_t direction) {
    return {static_cast<const T*>(lines.values) + direction * lines.rows, lines.rows};
}

template <class T>
__global__ void __launch_bounds__(threads) squares(DeviceSliceGaps g) {
    write_square(line_of<T>(g.x, blockIdx.x), line_of<T>(g.y, blockIdx.x), g.squares + blockIdx.x);
}

/// From x_(i - 1) to x_i the potential rises by this: its derivative is 2 (x - the quantile of y at the level of x).
template <class T>
__device__ double rise(const Line<T>& x, const Line<T>& y, std::int64_t i) {
    const std::int64_t n = x.rows, m = y.rows;
    if (i == 0) return 0.0;
    const double here = x.at(i), before = x.at(i - 1);
    const std::int64_t j = n == m ? i : i * m / n, k = n == m || i * m % n == 0 ? j - 1 : j;   // at a common level: half of both
    return (here - before) * (here + before - y.at(j) - y.at(k));
}

/// What is summed along line l, and what becomes of the sums: potentials at the rows, in the order of the rows.
template <class T>
struct Potentials {
    using Sum = double;
    DeviceLines of, other;
    double* out;

    __device__ std::int64_t rows() const { return of.rows; }
    __device__ double value(std::int64_t l, std::int64_t i) const { return rise(line_of<T>(of, l), line_of<T>(other, l), i); }
    __device__ void use(std::int64_t l, std::int64_t i, double, double up_to) const {
        out[l * of.rows + of.order[l * of.rows + i]] = up_to;
    }
};

/// Even rows so far: numbers of even rows go first, then those of odd rows, and both stay sorted.
template <class T>
struct Parts {
    using Sum = int;
    DeviceSliceHalves h;

    __device__ std::int64_t rows() const { return h.of.rows; }
    __device__ int value(std::int64_t l, std::int64_t i) const { return h.of.order[l * h.of.rows + i] % 2 == 0; }
    __device__ void use(std::int64_t l, std::int64_t i, int even, int up_to) const {
        const std::int64_t place = even != 0 ? up_to - 1 : (h.of.rows + 1) / 2 + i - up_to;
        static_cast<T*>(h.halves)[l * h.of.rows + place] = line_of<T>(h.of, l).values[i];
    }
};

/// Block (s, l): the sum of segment s of line l.
template <class F>
__global__ void __launch_bounds__(threads) segment_sums(F f, typename F::Sum* sums) {
    using Reduce = cub::BlockReduce<typename F::Sum, threads>;
    __shared__ typename Reduce::TempStorage room;
    const std::int64_t l = blockIdx.y, first = blockIdx.x * std::int64_t{segment};
    typename F::Sum sum = 0;
    for (std::int64_t i = first + threadIdx.x; i < min(first + segment, f.rows()); i += threads) sum += f.value(l, i);
    sum = Reduce(room).Sum(sum);
    if (threadIdx.x == 0) sums[l * gridDim.x + blockIdx.x] = sum;
}

/// The sums up to each number of the segment, those of the segments before it added.
template <class F>
__global__ void __launch_bounds__(threads) scan_segments(F f, const typename F::Sum* sums) {
    using Sum = typename F::Sum;
    using Reduce = cub::BlockReduce<Sum, threads>;
    using Scan = cub::BlockScan<Sum, threads>;
    __shared__ union {
        typename Reduce::TempStorage reduce;
        typename Scan::TempStorage scan;
    } room;
    __shared__ Sum before;
    const std::int64_t l = blockIdx.y, mine = blockIdx.x * std::int64_t{segment} + threadIdx.x * at_once;
    Sum own = 0;
    for (unsigned s = threadIdx.x; s < blockIdx.x; s += threads) own += sums[l * gridDim.x + s];
    own = Reduce(room.reduce).Sum(own);
    if (threadIdx.x == 0) before = own;
    __syncthreads();
    Sum value[at_once], up_to[at_once];
#pragma unroll
    for (int a = 0; a < at_once; ++a) value[a] = mine + a < f.rows() ? f.value(l, mine + a) : Sum{0};
    Scan(room.scan).InclusiveSum(value, up_to);
#pragma unroll
    for (int a = 0; a < at_once; ++a)
        if (mine + a < f.rows()) f.use(l, mine + a, value[a], before + up_to[a]);
}

template <class F>
void run_scan(const F& f, std::int64_t rows, std::int64_t count, cudaStream_t stream) {
    const dim3 blocks(static_cast<unsigned>((rows + segment - 1) / segment), static_cast<unsigned>(count));
    Scratch<typename F::Sum> sums(std::int64_t{blocks.x} * blocks.y, stream);
    segment_sums<<<blocks, threads, 0, stream>>>(f, sums.data());
    check_launch("segment_sums");
    scan_segments<<<blocks, threads, 0, stream>>>(f, sums.data());
    check_launch("scan_segments");
}

/// The sums over the directions, one after the other, of the rows of x, then of y.
__global__ void __launch_bounds__(threads) add_directions(DeviceSliceGaps g) {
    const std::int64_t i = blockIdx.x * std::int64_t{threads} + threadIdx.x;
    if (i >= g.x.rows + g.y.rows) return;
    const bool of_x = i < g.x.rows;
    const std::int64_t rows = of_x ? g.x.rows : g.y.rows, row = of_x ? i : i - g.x.rows;
    const double* each = g.potentials + (of_x ? 0 : g.count * g.x.rows) + row;
    double sum = 0.0;
#pragma unroll 8
    for (std::int64_t l = 0; l < g.count; ++l) sum += each[l * rows];
    (of_x ? g.of_x : g.of_y)[row] = g.scale * sum;
}

template <class T>
__global__ void __launch_bounds__(threads) squares_of_halves(DeviceSliceHalves h) {
    const std::int64_t even = (h.of.rows + 1) / 2;
    const T* at = static_cast<const T*>(h.halves) + blockIdx.x * h.of.rows;
    write_square(Line<T>{at, even}, Line<T>{at + even, h.of.rows - even}, h.squares + blockIdx.x);
}

template <class T>
void run_gaps(const DeviceSliceGaps& g, cudaStream_t stream) {
    squares<T><<<static_cast<unsigned>(g.count), threads, 0, stream>>>(g);
    check_launch("squares");
    run_scan(Potentials<T>{g.x, g.y, g.potentials}, g.x.rows, g.count, stream);
    run_scan(Potentials<T>{g.y, g.x, g.potentials + g.count * g.x.rows}, g.y.rows, g.count, stream);
    const std::int64_t rows = g.x.rows + g.y.rows;
    add_directions<<<static_cast<unsigned>((rows + threads - 1) / threads), threads, 0, stream>>>(g);
    check_launch("add_directions");
}

template <class T>
void run_halves(const DeviceSliceHalves& h, cudaStream_t stream) {
    run_scan(Parts<T>{h}, h.of.rows, h.count, stream);
    squares_of_halves<T><<<static_cast<unsigned>(h.count), threads, 0, stream>>>(h);
    check_launch("squares_of_halves");
}

void check_count(std::int64_t count) {
    if (count > 65'535) throw std::invalid_argument("slices: too many directions at once");
}

}  // namespace

const char* slice_gaps(const DeviceQueue* queue, const DeviceSliceGaps* what) {
    return in_words([&] {
        if (what->count == 0) return;
        check_count(what->count);
        const Use use(queue->device);
        what->number == Number::float32 ? run_gaps<float>(*what, stream_of(*queue)) : run_gaps<double>(*what, stream_of(*queue));
    });
}

const char* slice_halves(const DeviceQueue* queue, const DeviceSliceHalves* what) {
    return in_words([&] {
        if (what->count == 0) return;
        check_count(what->count);
        const Use use(queue->device);
        what->number == Number::float32 ? run_halves<float>(*what, stream_of(*queue))
                                        : run_halves<double>(*what, stream_of(*queue));
    });
}

}  // namespace buffon::device

/// What wrappers of denoisers do with whole rows on a device, a block of threads for each row. Sums in double, in a fixed order.
#include <buffon/device_functions.cuh>

#include <type_traits>

#include <buffon/device_call.cuh>

namespace buffon::device {
namespace {

constexpr int threads = 256;

/// f of the values of all threads, the same for each of them; f is symmetric and associative up to rounding.
template <class T, class F>
__device__ T combined(T value, const F& f) {
    __shared__ T parts[threads];
    parts[threadIdx.x] = value;
    __syncthreads();
    for (int half = threads / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) parts[threadIdx.x] = f(parts[threadIdx.x], parts[threadIdx.x + half]);
        __syncthreads();
    }
    const T all = parts[0];
    __syncthreads();   // it may be written again
    return all;
}

/// The size of a number as an integer: the same order.
__device__ inline std::uint32_t size_bits(float v) { return __float_as_uint(fabsf(v)); }
__device__ inline std::uint64_t size_bits(double v) { return static_cast<std::uint64_t>(__double_as_longlong(fabs(v))); }
__device__ inline double size_of_bits(std::uint32_t bits) { return __uint_as_float(bits); }
__device__ inline double size_of_bits(std::uint64_t bits) { return __longlong_as_double(static_cast<long long>(bits)); }

/// The size that stands at `place`, from 0, among the ordered sizes of a row: eight bits after the other, from the highest.
template <class T, class Bits = decltype(size_bits(T{}))>
__device__ Bits ordered(const T* row, std::int64_t cols, std::int64_t place) {
    __shared__ unsigned count[256];
    __shared__ Bits prefix;
    __shared__ std::int64_t left;
    if (threadIdx.x == 0) prefix = 0, left = place;
    for (int shift = 8 * sizeof(Bits) - 8; shift >= 0; shift -= 8) {
        count[threadIdx.x] = 0;
        __syncthreads();
        for (std::int64_t j = threadIdx.x; j < cols; j += threads) {
            const Bits bits = size_bits(row[j]);
            if (shift == 8 * sizeof(Bits) - 8 || bits >> (shift + 8) == prefix >> (shift + 8))
                atomicAdd(&count[bits >> shift & 255], 1u);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int digit = 0;
            while (digit < 255 && left >= count[digit]) left -= count[digit++];
            prefix |= static_cast<Bits>(digit) << shift;
        }
        __syncthreads();
    }
    return prefix;
}

/// Linear interpolation between order statistics of the sizes.
template <class T>
__device__ double quantile_of_sizes(const T* row, std::int64_t cols, double ratio) {
    const double place = ratio * static_cast<double>(cols - 1);
    const auto below = static_cast<std::int64_t>(place);
    const auto low = ordered(row, cols, below);
    if (below + 1 >= cols) return size_of_bits(low);
    auto above = ~decltype(low){0};   // the smallest that is larger
    std::int64_t up_to = 0;
    for (std::int64_t j = threadIdx.x; j < cols; j += threads) {
        const auto bits = size_bits(row[j]);
        if (bits <= low) ++up_to;
        else if (bits < above) above = bits;
    }
    using Bits = std::remove_const_t<decltype(low)>;
    const Bits next = combined<Bits>(above, [](Bits a, Bits b) { return a < b ? a : b; });
    const std::int64_t counted = combined(up_to, [](std::int64_t a, std::int64_t b) { return a + b; });
    const double here = size_of_bits(low), there = counted > below + 1 ? here : size_of_bits(next);
    return here + (place - static_cast<double>(below)) * (there - here);
}

template <class T>
__global__ void __launch_bounds__(threads) threshold_rows(DeviceThreshold t) {
    T* row = static_cast<T*>(t.x) + blockIdx.x * t.cols;
    double q = t.max;
    if (t.dynamic) q = fmax(q, quantile_of_sizes(row, t.cols, t.ratio));
    __syncthreads();
    for (std::int64_t j = threadIdx.x; j < t.cols; j += threads) {
        const double v = row[j];
        row[j] = static_cast<T>((v < -q ? -q : v > q ? q : v) * (t.max / q));
    }
}

template <class T>
__device__ double standard_deviation(const T* row, std::int64_t cols) {
    const auto add = [](double a, double b) { return a + b; };
    double sum = 0.0, square = 0.0;
    for (std::int64_t j = threadIdx.x; j < cols; j += threads) sum += row[j];
    const double mean = combined(sum, add) / static_cast<double>(cols);
    for (std::int64_t j = threadIdx.x; j < cols; j += threads) square += (row[j] - mean) * (row[j] - mean);
    return sqrt(combined(square, add) / static_cast<double>(cols));
}

template <class T>
__global__ void __launch_bounds__(threads) rescale_rows(DeviceRescale r) {
    T* row = static_cast<T*>(r.x) + blockIdx.x * r.cols;
    const double before = standard_deviation(static_cast<const T*>(r.before) + blockIdx.x * r.cols, r.cols),
                 after = standard_deviation(row, r.cols);
    if (!(after > 0)) return;
    const double factor = 1 + r.rescale * (before / after - 1);
    for (std::int64_t j = threadIdx.x; j < r.cols; j += threads) row[j] = static_cast<T>(row[j] * factor);
}

}  // namespace

const char* threshold(const DeviceQueue* queue, const DeviceThreshold* what) {
    return in_words([&] {
        if (what->rows * what->cols == 0) return;
        const Use use(queue->device);
        const auto rows = static_cast<unsigned>(what->rows);
        if (what->number == Number::float64) threshold_rows<double><<<rows, threads, 0, stream_of(*queue)>>>(*what);
        else threshold_rows<float><<<rows, threads, 0, stream_of(*queue)>>>(*what);
        check_launch("threshold_rows");
    });
}

const char* rescale(const DeviceQueue* queue, const DeviceRescale* what) {
    return in_words([&] {
        if (what->rows * what->cols == 0) return;
        const Use use(queue->device);
        const auto rows = static_cast<unsigned>(what->rows);
        if (what->number == Number::float64) rescale_rows<double><<<rows, threads, 0, stream_of(*queue)>>>(*what);
        else rescale_rows<float><<<rows, threads, 0, stream_of(*queue)>>>(*what);
        check_launch("rescale_rows");
    });
}

}  // namespace buffon::device

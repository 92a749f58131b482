/// Updates of a solver on a device, one pass over memory. Coefficients are double, states double or float.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256;

/// Sixteen bytes of operands at once.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
    T at[N];
};

template <int K, class T>
struct Terms {
    const T* in[K];
    double weight[K];
};

/// Every row and column with the same coefficients; the operands in packs of N.
template <int K, int N, class T, class Out>
__global__ void __launch_bounds__(threads) flat(Terms<K, T> terms, double offset, Out* out, std::int64_t packs) {
    for (std::int64_t p = blockIdx.x * std::int64_t{threads} + threadIdx.x; p < packs; p += gridDim.x * std::int64_t{threads}) {
        Pack<T, N> from[K];
#pragma unroll
        for (int k = 0; k < K; ++k) from[k] = reinterpret_cast<const Pack<T, N>*>(terms.in[k])[p];
        Pack<Out, N> to;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            double sum = offset;
#pragma unroll
            for (int k = 0; k < K; ++k) sum += terms.weight[k] * static_cast<double>(from[k].at[i]);
            to.at[i] = static_cast<Out>(sum);
        }
        reinterpret_cast<Pack<Out, N>*>(out)[p] = to;
    }
}

__device__ double coefficient(const DeviceCombine& c, int k, std::int64_t group) { return c.coefficients[k * c.groups + group]; }

/// Everything else: a thread makes two neighbours of a row, which share 128 random bits.
template <class T, class Out>
__global__ void __launch_bounds__(threads) pairs(DeviceCombine c) {
    const std::int64_t width = (c.cols + 1) / 2, n = c.rows * width;
    for (std::int64_t p = blockIdx.x * std::int64_t{threads} + threadIdx.x; p < n; p += gridDim.x * std::int64_t{threads}) {
        const std::int64_t row = p / width, pair = p % width;
        double xi[2] = {0.0, 0.0};
        if (c.random) {
            const auto bits = c.noise.bits(c.first + row, static_cast<std::uint32_t>(pair));
            for (int h = 0; h < 2; ++h) xi[h] = vecmath::normal_quantile(to_unit(std::uint64_t{bits[2 * h + 1]} << 32 | bits[2 * h]));
        }
        for (int h = 0; h < 2; ++h) {
            const std::int64_t column = 2 * pair + h;
            if (column >= c.cols) break;
            const std::int64_t at = row * c.cols + column;
            const bool stacked = c.axis != DeviceCombine::Axis::none;
            const std::int64_t group = c.axis == DeviceCombine::Axis::row ? c.group_of[row] : column;
            double sum = stacked ? coefficient(c, c.terms, group) : c.offset;
            for (int k = 0; k < c.terms; ++k)
                sum += (stacked ? coefficient(c, k, group) : c.weight[k]) * static_cast<double>(static_cast<const T*>(c.in[k])[at]);
            if (c.random) sum += (stacked ? coefficient(c, c.terms + 1, group) : c.noise_weight) * xi[h];
            static_cast<Out*>(c.out)[at] = static_cast<Out>(sum);
        }
    }
}

bool aligned(const DeviceCombine& c) {
    std::uintptr_t bits = reinterpret_cast<std::uintptr_t>(c.out);
    for (int k = 0; k < c.terms; ++k) bits |= reinterpret_cast<std::uintptr_t>(c.in[k]);
    return bits % 32 == 0;
}

template <int K, class T, class Out>
void run_flat(const DeviceCombine& c, cudaStream_t stream) {
    Terms<K, T> terms;
    for (int k = 0; k < K; ++k) {
        terms.in[k] = static_cast<const T*>(c.in[k]);
        terms.weight[k] = c.weight[k];
    }
    const std::int64_t n = c.rows * c.cols;
    constexpr int N = 16 / sizeof(T);
    const std::int64_t packed = aligned(c) ? n / N * N : 0;
    Out* out = static_cast<Out*>(c.out);
    if (packed > 0) flat<K, N><<<blocks_for(packed / N, threads), threads, 0, stream>>>(terms, c.offset, out, packed / N);
    if (packed == n) return;
    for (int k = 0; k < K; ++k) terms.in[k] += packed;
    flat<K, 1><<<blocks_for(n - packed, threads), threads, 0, stream>>>(terms, c.offset, out + packed, n - packed);
}

template <class T, class Out>
void run(const DeviceCombine& c, cudaStream_t stream) {
    if (!c.random && c.axis == DeviceCombine::Axis::none) {
        switch (c.terms) {
            case 1: return run_flat<1, T, Out>(c, stream);
            case 2: return run_flat<2, T, Out>(c, stream);
            case 3: return run_flat<3, T, Out>(c, stream);
            case 4: return run_flat<4, T, Out>(c, stream);
            case 5: return run_flat<5, T, Out>(c, stream);
            case 6: return run_flat<6, T, Out>(c, stream);
            default: break;
        }
    }
    pairs<T, Out><<<blocks_for(c.rows * ((c.cols + 1) / 2), threads), threads, 0, stream>>>(c);
}

}  // namespace

const char* combine(const DeviceQueue* queue, const DeviceCombine* what) {
    return in_words([&] {
        if (what->rows * what->cols == 0) return;
        const Use use(queue->device);
        const bool in_double = what->in_number == Number::float64, out_double = what->out_number == Number::float64;
        const cudaStream_t stream = stream_of(*queue);
        if (in_double) out_double ? run<double, double>(*what, stream) : run<double, float>(*what, stream);
        else out_double ? run<float, double>(*what, stream) : run<float, float>(*what, stream);
        check_launch("combine");
    });
}

}  // namespace buffon::device

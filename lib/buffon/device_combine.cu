/// Updates of a solver on a device, one pass over memory. Coefficients and sums are double, states double, float or halves.
#include <buffon/device_functions.cuh>

#include <type_traits>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <buffon/device_call.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256;

__device__ double widened(double v) { return v; }
__device__ double widened(float v) { return v; }
__device__ double widened(__half v) { return __half2float(v); }
__device__ double widened(__nv_bfloat16 v) { return __bfloat162float(v); }

/// A sum as it is stored; a half is rounded from float, as the processor has it.
template <class Out>
__device__ Out narrowed(double sum) {
    if constexpr (std::is_same_v<Out, __half>) return __float2half_rn(static_cast<float>(sum));
    else if constexpr (std::is_same_v<Out, __nv_bfloat16>) return __float2bfloat16_rn(static_cast<float>(sum));
    else return static_cast<Out>(sum);
}

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
            for (int k = 0; k < K; ++k) sum += terms.weight[k] * widened(from[k].at[i]);
            to.at[i] = narrowed<Out>(sum);
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
        if (c.random && c.given != nullptr) {
            for (int h = 0; h < 2 && 2 * pair + h < c.cols; ++h) xi[h] = c.given[row * c.given_stride + 2 * pair + h];
        } else if (c.random) {
            const auto bits = c.noise.bits(c.first + row, static_cast<std::uint32_t>(pair));
            for (int h = 0; h < 2; ++h)
                xi[h] = vecmath::normal_quantile(to_unit(std::uint64_t{bits[2 * h + 1]} << 32 | bits[2 * h]));
        }
        for (int h = 0; h < 2; ++h) {
            const std::int64_t column = 2 * pair + h;
            if (column >= c.cols) break;
            const std::int64_t at = row * c.cols + column;
            const bool stacked = c.axis != DeviceCombine::Axis::none;
            const std::int64_t group = c.axis == DeviceCombine::Axis::row ? c.group_of[row] : column;
            double sum = stacked ? coefficient(c, c.terms, group) : c.offset;
            for (int k = 0; k < c.terms; ++k)
                sum += (stacked ? coefficient(c, k, group) : c.weight[k]) * widened(static_cast<const T*>(c.in[k])[at]);
            if (c.random) sum += (stacked ? coefficient(c, c.terms + 1, group) : c.noise_weight) * xi[h];
            static_cast<Out*>(c.out)[at] = narrowed<Out>(sum);
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
    constexpr int N = 16 / sizeof(T) < 32 / sizeof(Out) ? 16 / sizeof(T) : 32 / sizeof(Out);
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
        if (c.terms == 1) return run_flat<1, T, Out>(c, stream);
        if constexpr (std::is_same_v<T, Out>) switch (c.terms) {   // of two kinds there are copies alone
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

/// What becomes what: any number a double or a float and back, halves nothing but themselves besides.
template <class T>
void run_from(const DeviceCombine& c, cudaStream_t stream) {
    constexpr bool whole = std::is_same_v<T, double> || std::is_same_v<T, float>;
    switch (c.out_number) {
        case Number::float64: return run<T, double>(c, stream);
        case Number::float32: return run<T, float>(c, stream);
        case Number::float16:
            if constexpr (whole || std::is_same_v<T, __half>) return run<T, __half>(c, stream);
            break;
        case Number::bfloat16:
            if constexpr (whole || std::is_same_v<T, __nv_bfloat16>) return run<T, __nv_bfloat16>(c, stream);
            break;
    }
    throw std::invalid_argument("combine: no half becomes a half of another kind");
}

}  // namespace

const char* combine(const DeviceQueue* queue, const DeviceCombine* what) {
    return in_words([&] {
        if (what->rows * what->cols == 0) return;
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        switch (what->in_number) {
            case Number::float64: run_from<double>(*what, stream); break;
            case Number::float32: run_from<float>(*what, stream); break;
            case Number::float16: run_from<__half>(*what, stream); break;
            case Number::bfloat16: run_from<__nv_bfloat16>(*what, stream); break;
        }
        check_launch("combine");
    });
}

}  // namespace buffon::device

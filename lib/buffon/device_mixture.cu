/// Posterior means of Gaussian mixtures on a device. One pass over the components for each row, with the running maximum of the
/// logarithms of their weights; nothing of size rows x components is stored. Sums are double for double rows, float for
/// float ones.
#include <buffon/device_functions.cuh>

#include <algorithm>
#include <type_traits>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_mixture_rows.cuh>
#include <buffon/normal_functions.hpp>

namespace buffon::device {
namespace {

/// One noise level, of all components: precisions along the axes and of the rest (size, rank + 1), and the logarithm of what
/// multiplies exp(-distance / 2), up to a constant.
struct Level {
    double* precision;
    double* log_norm;
};

/// Component blockIdx.x at sigma^2 = s2.
__global__ void prepare(DeviceMixture m, double s2, Level level) {
    const std::int64_t k = blockIdx.x, left = m.dim - m.rank;
    double* precision = level.precision + k * (m.rank + 1);
    __shared__ double logs[128];
    double sum = 0.0;
    for (std::int64_t j = threadIdx.x; j < m.rank; j += 128) {
        const double v = m.variance[k * m.rank + j] + s2;
        precision[j] = 1 / v;
        sum += log(v);
    }
    logs[threadIdx.x] = sum;
    __syncthreads();
    for (int half = 64; half > 0; half /= 2) {
        if (threadIdx.x < half) logs[threadIdx.x] += logs[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x > 0) return;
    precision[m.rank] = left > 0 ? 1 / (m.rest[k] + s2) : 0.0;
    const double rest = left > 0 ? static_cast<double>(left) * log(m.rest[k] + s2) : 0.0;
    level.log_norm[k] = m.log_weight[k] - (logs[0] + rest) / 2;
}

/// The level in scratch memory of the queue.
class Levels {
public:
    Levels(const DeviceMixture& m, double sigma, cudaStream_t stream) : stream_(stream) {
        const auto numbers = static_cast<std::size_t>(m.size * (m.rank + 2));
        check(cudaMallocAsync(&memory_, numbers * sizeof(double), stream), "cudaMallocAsync");
        level_.precision = static_cast<double*>(memory_);
        level_.log_norm = level_.precision + m.size * (m.rank + 1);
        prepare<<<static_cast<unsigned>(m.size), 128, 0, stream>>>(m, sigma * sigma, level_);
    }
    ~Levels() { cudaFreeAsync(memory_, stream_); }
    Levels(const Levels&) = delete;
    Levels& operator=(const Levels&) = delete;

    const Level& level() const { return level_; }

private:
    cudaStream_t stream_;
    void* memory_ = nullptr;
    Level level_{};
};

/// A component as a thread reads it, in shared memory: T each.
template <class T, int D>
struct Place {
    // mean, variance, precision, shrinkage (D each), axes (D, D), log_norm, label, rest of a pack
    static constexpr int stride = 4 * D + D * D + 4;
};

template <class T, int D>
__device__ void load_component(const DeviceMixture& m, const Level& level, bool shared_level, std::int64_t k, T* to) {
    const auto d = static_cast<int>(m.dim), rank = static_cast<int>(m.rank);
    for (int j = threadIdx.x; j < D; j += blockDim.x) {
        const double variance = j < rank ? m.variance[k * rank + j] : 0.0,
                     precision = shared_level && j < rank ? level.precision[k * (rank + 1) + j] : 0.0;
        to[j] = j < d ? static_cast<T>(m.means[k * d + j]) : T(0);
        to[D + j] = static_cast<T>(variance);
        to[2 * D + j] = static_cast<T>(precision);
        to[3 * D + j] = static_cast<T>(variance * precision);
    }
    for (int e = threadIdx.x; e < D * D; e += blockDim.x) {
        const int j = e / D, i = e % D;
        const double axis = m.axes == nullptr ? (i == j ? 1.0 : 0.0) : j < rank && i < d ? m.axes[(k * rank + j) * d + i] : 0.0;
        to[4 * D + e] = static_cast<T>(axis);
    }
    if (threadIdx.x > 0) return;
    to[4 * D + D * D] = static_cast<T>(shared_level ? level.log_norm[k] : m.log_weight[k]);
    to[4 * D + D * D + 1] = static_cast<T>(m.label == nullptr ? -1 : m.label[k]);
}

/// A thread holds a row of at most D numbers in registers; components lie in shared memory, `at_once` of them. Full rank.
template <class T, int D, bool Diagonal>
__global__ void __launch_bounds__(128) narrow(DeviceMixture m, Level level, DeviceRows r, int at_once) {
    extern __shared__ __align__(16) unsigned char memory[];
    T* const components = reinterpret_cast<T*>(memory);
    constexpr int stride = Place<T, D>::stride;
    const auto d = static_cast<int>(m.dim), rank = static_cast<int>(m.rank);
    const std::int64_t row = blockIdx.x * std::int64_t{128} + threadIdx.x;
    const bool mine = row < r.rows, per_row = r.sigmas != nullptr;
    const T* from = static_cast<const T*>(r.x) + row * d;
    T x[D], sum[D];
#pragma unroll
    for (int i = 0; i < D; ++i) {
        x[i] = mine && i < d ? from[i] : T(0);
        sum[i] = T(0);
    }
    const double sigma = per_row && mine ? r.sigmas[row] : r.sigma;
    const T s2 = static_cast<T>(sigma * sigma);
    const std::int64_t wanted = r.labels != nullptr && mine ? r.labels[row] : -1;
    T peak = static_cast<T>(-1e30), total = T(0);
    for (std::int64_t first = 0; first < m.size; first += at_once) {
        const std::int64_t count = m.size - first < at_once ? m.size - first : at_once;
        __syncthreads();
        for (std::int64_t k = 0; k < count; ++k) load_component<T, D>(m, level, !per_row, first + k, components + k * stride);
        __syncthreads();
        for (std::int64_t k = 0; k < count; ++k) {
            const T* c = components + k * stride;
            if (wanted >= 0 && static_cast<T>(wanted) != c[4 * D + D * D + 1]) continue;
            T offset[D], part[D], distance = T(0), log_norm = c[4 * D + D * D];
#pragma unroll
            for (int i = 0; i < D; ++i) {
                offset[i] = x[i] - c[i];
                part[i] = c[i];
            }
            const auto along = [&](int j, T y) {   // what the posterior mean moves along axis j
                T precision = c[2 * D + j], shrinkage = c[3 * D + j];
                if (per_row) {
                    const T v = c[D + j] + s2;
                    precision = T(1) / v;
                    shrinkage = c[D + j] * precision;
                    log_norm -= static_cast<T>(log(v)) / 2;
                }
                distance = multiply_add(y * y, precision, distance);
                return y * shrinkage;
            };
            if constexpr (Diagonal) {
#pragma unroll
                for (int j = 0; j < D; ++j)
                    if (j < rank) part[j] += along(j, offset[j]);
            } else {
                for (int j = 0; j < rank; ++j) {
                    const T* axis = c + 4 * D + j * D;
                    T y[4] = {};   // the order of a sum of four: independent of each other
#pragma unroll
                    for (int i = 0; i < D; ++i) y[i % 4] = multiply_add(axis[i], offset[i], y[i % 4]);
                    const T step = along(j, (y[0] + y[1]) + (y[2] + y[3]));
#pragma unroll
                    for (int i = 0; i < D; ++i) part[i] = multiply_add(axis[i], step, part[i]);
                }
            }
            const T weight = log_norm - distance / 2;
            if (weight > peak) {
                const T keep = exponential(peak - weight);
                peak = weight;
                total *= keep;
#pragma unroll
                for (int i = 0; i < D; ++i) sum[i] *= keep;
            }
            const T p = exponential(weight - peak);
            total += p;
#pragma unroll
            for (int i = 0; i < D; ++i) sum[i] = multiply_add(p, part[i], sum[i]);
        }
    }
    if (!mine) return;
    T* to = static_cast<T*>(r.out) + row * d;
#pragma unroll
    for (int i = 0; i < D; ++i)
        if (i < d) to[i] = sum[i] / total;
}

/// A block has R rows in shared memory; any dimension, any rank. With all that may be asked for besides the means.
template <class T, int R>
__global__ void __launch_bounds__(256) wide(DeviceMixture m, Level level, DeviceRows r) {
    extern __shared__ __align__(16) unsigned char memory[];
    const std::int64_t d = m.dim, rank = m.rank, first = blockIdx.x * std::int64_t{R};
    T* const offset = reinterpret_cast<T*>(memory);   // (R, d)
    T* const sum = offset + R * d;                    // (R, d)
    T* const y = sum + R * d;                         // (R, rank)
    T* const turned = y + R * rank;
    __shared__ T distance[R], log_norm[R], peak[R], total[R], keep[R], weight[R], rest_of[R];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const bool per_row = r.sigmas != nullptr;
    for (std::int64_t e = threadIdx.x; e < R * d; e += 256) sum[e] = T(0);
    if (threadIdx.x < R) {
        peak[threadIdx.x] = static_cast<T>(-1e30);
        total[threadIdx.x] = T(0);
    }
    const auto s2 = [&](int q) {
        const double sigma = per_row && first + q < r.rows ? r.sigmas[first + q] : r.sigma;
        return static_cast<T>(sigma * sigma);
    };
    const auto precision = [&](std::int64_t k, std::int64_t j, int q) {   // j = rank: of the rest
        if (!per_row) return static_cast<T>(level.precision[k * (rank + 1) + j]);
        return T(1) / (static_cast<T>(j < rank ? m.variance[k * rank + j] : m.rest[k]) + s2(q));
    };
    // What is averaged is axes^T diag(f) axes (x - mean), and the mean: f = variance / (variance + sigma^2); or the
    // component's score, f = -1 / (variance + sigma^2).
    const auto factor = [&](double variance, T precision) { return r.score ? -precision : static_cast<T>(variance) * precision; };
    for (std::int64_t k = 0; k < m.size; ++k) {
        const double *mean = m.means + k * d, *axes = m.axes + k * rank * d;
        place_rows<T, R>(m, k, static_cast<const T*>(r.x), first, r.rows, offset, y, turned);
        for (int q = warp; q < R; q += 8) {   // a warp has a row: its distance and its norm
            T along = T(0), norm = T(0), aside = T(0);
            for (std::int64_t j = lane; j < rank; j += 32) {
                const T p = precision(k, j, q);
                along = multiply_add(y[q * rank + j] * y[q * rank + j], p, along);
                if (per_row) norm -= static_cast<T>(log(p)) / 2;
            }
            if (rank < d) {
                aside = part_aside(m, k, q, lane, offset, y);
                along += aside * precision(k, rank, q);
            }
            along = warp_sum(along);
            norm = warp_sum(norm);
            const T rest_factor = rank < d ? factor(m.rest[k], precision(k, rank, q)) : T(0);
            __syncwarp();
            for (std::int64_t j = lane; j < rank; j += 32) {   // from here on y is what the axes are multiplied by, or f
                const T f = factor(m.variance[k * rank + j], precision(k, j, q));
                y[q * rank + j] = m.axes == nullptr ? f : (f - rest_factor) * y[q * rank + j];
            }
            if (lane > 0) continue;
            rest_of[q] = rest_factor;
            distance[q] = along;
            if (!per_row) {
                log_norm[q] = static_cast<T>(level.log_norm[k]);
            } else {
                const T rest = rank < d ? static_cast<T>(d - rank) * static_cast<T>(log(precision(k, rank, q))) / 2 : T(0);
                log_norm[q] = static_cast<T>(m.log_weight[k]) - norm + rest;
            }
            const std::int64_t label = r.labels != nullptr && first + q < r.rows ? r.labels[first + q] : -1;
            const bool out = label >= 0 && m.label[k] != label;
            const T here = log_norm[q] - distance[q] / 2;
            if (r.modes != nullptr && first + q < r.rows)
                r.modes[(first + q) * m.size + k] = out ? -INFINITY : static_cast<double>(here);
            const T top = !out && here > peak[q] ? here : peak[q];
            keep[q] = exponential(peak[q] - top);
            weight[q] = out ? T(0) : exponential(here - top);
            peak[q] = top;
            total[q] = multiply_add(total[q], keep[q], weight[q]);
        }
        __syncthreads();
        if (r.out == nullptr) continue;
        for (std::int64_t e = threadIdx.x; e < R * d; e += 256) {
            const int q = static_cast<int>(e / d);
            const std::int64_t i = e % d;
            T part = r.score ? T(0) : static_cast<T>(mean[i]);
            if (m.axes == nullptr) {
                part = multiply_add(y[e], offset[e], part);
            } else {
                part = multiply_add(rest_of[q], offset[e], part);
                for (std::int64_t j = 0; j < rank; ++j)
                    part = multiply_add(y[q * rank + j], static_cast<T>(axes[j * d + i]), part);
            }
            sum[e] = multiply_add(weight[q], part, sum[e] * keep[q]);
        }
    }
    __syncthreads();
    if (r.log_density != nullptr && threadIdx.x < R && first + threadIdx.x < r.rows)
        r.log_density[first + threadIdx.x] = static_cast<double>(peak[threadIdx.x]) + log(static_cast<double>(total[threadIdx.x])) -
                                             half_log_two_pi * static_cast<double>(d);
    for (std::int64_t e = threadIdx.x; r.modes != nullptr && e < R * m.size; e += 256) {
        const std::int64_t q = e / m.size, row = first + q;
        if (row >= r.rows) break;
        double& mode = r.modes[row * m.size + e % m.size];
        mode = exp(mode - static_cast<double>(peak[q])) / static_cast<double>(total[q]);
    }
    for (std::int64_t e = threadIdx.x; r.out != nullptr && e < R * d; e += 256) {
        const std::int64_t row = first + e / d;
        if (row < r.rows) static_cast<T*>(r.out)[row * d + e % d] = sum[e] / total[e / d];
    }
}

/// L threads have a row of at most L coordinates, each of them an axis and a coordinate; axes of `at_once` components lie in
/// shared memory, one number apart. With all that may be asked for besides the means.
template <int L>
__global__ void __launch_bounds__(256) few(DeviceMixture m, Level level, DeviceRows r, int at_once) {
    extern __shared__ double numbers[];
    constexpr unsigned all = 0xffffffffu;
    const int d = static_cast<int>(m.dim), rank = static_cast<int>(m.rank), j = threadIdx.x % L;
    double* const told = numbers + threadIdx.x / L * L;   // what the threads of a row tell each other
    double* const axes = numbers + 256;                   // (at_once, L, L + 1)
    const std::int64_t row = blockIdx.x * std::int64_t{256 / L} + threadIdx.x / L, at = row < r.rows ? row : r.rows - 1;
    const bool mine = row < r.rows, per_row = r.sigmas != nullptr, aside = rank < d, turned = m.axes != nullptr;
    const double x = j < d ? static_cast<const double*>(r.x)[at * d + j] : 0.0, sigma = per_row ? r.sigmas[at] : r.sigma,
                 s2 = sigma * sigma;
    const std::int64_t label = r.labels != nullptr ? r.labels[at] : -1;
    const auto factor = [&](double variance, double precision) { return r.score ? -precision : variance * precision; };
    double peak = -1e30, total = 0.0, sum = 0.0;
    for (std::int64_t k = 0; k < m.size; ++k) {
        if (turned && k % at_once == 0) {
            const std::int64_t count = m.size - k < at_once ? m.size - k : at_once;
            const int of = rank * d;
            __syncthreads();
            for (int e = threadIdx.x; e < count * of; e += 256)
                axes[e / of * (L * (L + 1)) + e % of / d * (L + 1) + e % d] = m.axes[k * of + e];
            __syncthreads();
        }
        const double* const own = axes + k % at_once * (L * (L + 1));
        const double offset = j < d ? x - m.means[k * d + j] : 0.0;
        const auto tell = [&](double v) {
            __syncwarp();
            told[j] = v;
            __syncwarp();
        };
        double y = offset;
        if (turned) {
            tell(offset);
            y = 0.0;
            for (int i = 0; j < rank && i < d; ++i) y = fma(own[j * (L + 1) + i], told[i], y);
        }
        const double variance = j < rank ? m.variance[k * rank + j] : 0.0;
        double precision = 0.0, part = 0.0, rest = 0.0, norm = m.log_weight[k];
        if (j < rank) {
            precision = per_row ? 1 / (variance + s2) : level.precision[k * (rank + 1) + j];
            part = y * y * precision + (per_row ? log(variance + s2) : 0.0);
        }
        if (!per_row) norm = level.log_norm[k];
        if (aside) {
            tell(y);
            double left = offset;
            for (int i = 0; j < d && i < rank; ++i) left = fma(-told[i], own[i * (L + 1) + j], left);
            rest = per_row ? 1 / (m.rest[k] + s2) : level.precision[k * (rank + 1) + rank];
            part = fma(left * left, rest, part);
            if (per_row) norm -= static_cast<double>(d - rank) * log(m.rest[k] + s2) / 2;
        }
        for (int step = L / 2; step > 0; step /= 2) part += __shfl_xor_sync(all, part, step);
        const bool out = label >= 0 && m.label[k] != label;
        const double here = norm - part / 2;
        if (r.modes != nullptr && mine && j == 0) r.modes[row * m.size + k] = out ? -INFINITY : here;
        const bool above = !out && here > peak;
        const double less = exp(-fabs(here - peak)), keep = above ? less : 1.0, weight = above ? 1.0 : out ? 0.0 : less;
        total = fma(total, keep, weight);
        peak = above ? here : peak;
        if (r.out == nullptr || !__any_sync(all, weight > 0)) continue;
        const double of_rest = aside ? factor(m.rest[k], rest) : 0.0, along = factor(variance, precision);
        double moved = r.score || j >= d ? 0.0 : m.means[k * d + j];
        if (turned) {
            tell((along - of_rest) * y);
            moved = fma(of_rest, offset, moved);
            for (int i = 0; j < d && i < rank; ++i) moved = fma(told[i], own[i * (L + 1) + j], moved);
        } else {
            moved = fma(along, offset, moved);
        }
        sum = fma(weight, moved, sum * keep);
    }
    __syncwarp();   // modes are read by other threads than wrote them
    if (!mine) return;
    if (r.out != nullptr && j < d) static_cast<double*>(r.out)[row * d + j] = sum / total;
    if (r.log_density != nullptr && j == 0)
        r.log_density[row] = peak + log(total) - half_log_two_pi * static_cast<double>(d);
    for (std::int64_t k = j; r.modes != nullptr && k < m.size; k += L) {
        double& mode = r.modes[row * m.size + k];
        mode = exp(mode - peak) / total;
    }
}

template <class T, int D, bool Diagonal>
void run_narrow(const DeviceMixture& m, const Level& level, const DeviceRows& r, cudaStream_t stream) {
    constexpr std::size_t bytes = Place<T, D>::stride * sizeof(T);
    const std::size_t room = 40 * 1024 / bytes, wanted = static_cast<std::size_t>(m.size);
    const std::size_t at_once = room < 1 ? 1 : room < wanted ? room : wanted;
    allow_shared(narrow<T, D, Diagonal>, at_once * bytes);
    narrow<T, D, Diagonal>
        <<<blocks_for(r.rows, 128, INT32_MAX), 128, at_once * bytes, stream>>>(m, level, r, static_cast<int>(at_once));
}

template <class T, int R>
void run_wide(const DeviceMixture& m, const Level& level, const DeviceRows& r, cudaStream_t stream) {
    const std::size_t bytes = static_cast<std::size_t>(R * (2 * m.dim + m.rank) + turned_numbers(m.dim)) * sizeof(T);
    allow_shared(wide<T, R>, bytes);
    wide<T, R><<<blocks_for(r.rows, R, INT32_MAX), 256, bytes, stream>>>(m, level, r);
}

template <int L>
void run_few(const DeviceMixture& m, const Level& level, const DeviceRows& r, cudaStream_t stream) {
    constexpr std::size_t own = 256 * sizeof(double), bytes = L * (L + 1) * sizeof(double), most = (40 * 1024 - own) / bytes;
    const std::size_t at_once = m.axes == nullptr ? 0 : std::min(most, static_cast<std::size_t>(m.size));
    few<L><<<blocks_for(r.rows, 256 / L, INT32_MAX), 256, own + at_once * bytes, stream>>>(
        m, level, r, std::max(1, static_cast<int>(at_once)));
}

template <class T>
void run_any(const DeviceMixture& m, const Level& level, const DeviceRows& r, cudaStream_t stream) {
    const bool diagonal = m.axes == nullptr;
    const auto by_width = [&](auto d) {
        constexpr int D = decltype(d)::value;
        diagonal ? run_narrow<T, D, true>(m, level, r, stream) : run_narrow<T, D, false>(m, level, r, stream);
    };
    constexpr std::int64_t in_registers = sizeof(T) == sizeof(double) ? 16 : 32;
    const bool means_alone = !r.score && r.log_density == nullptr && r.modes == nullptr;
    if (means_alone && m.rank == m.dim && m.dim <= in_registers) {
        if (m.dim <= 2) return by_width(std::integral_constant<int, 2>());
        if (m.dim <= 4) return by_width(std::integral_constant<int, 4>());
        if (m.dim <= 8) return by_width(std::integral_constant<int, 8>());
        if (m.dim > 16)
            if constexpr (in_registers > 16) return by_width(std::integral_constant<int, 32>());
        return by_width(std::integral_constant<int, 16>());
    }
    if constexpr (std::is_same_v<T, double>) {
        if (!means_alone && m.dim <= 8) return run_few<8>(m, level, r, stream);
        if (!means_alone && m.dim <= 16) return run_few<16>(m, level, r, stream);
        if (!means_alone && m.dim <= 32) return run_few<32>(m, level, r, stream);
    }
    constexpr std::size_t most = 200 * 1024;
    const std::size_t one = static_cast<std::size_t>(2 * m.dim + m.rank) * sizeof(T);
    if (8 * one <= most) return run_wide<T, 8>(m, level, r, stream);
    if (one > most)
        throw std::runtime_error("a mixture of more than " + std::to_string(most / sizeof(T) / 3) +
                                 " dimensions does not fit into a block's memory");
    run_wide<T, 1>(m, level, r, stream);
}

}  // namespace

const char* mixture(const DeviceQueue* queue, const DeviceMixture* of, const DeviceRows* rows) {
    return in_words([&] {
        if (rows->rows == 0) return;
        const Use use(queue->device);
        const Levels levels(*of, rows->sigma, stream_of(*queue));
        rows->number == Number::float64 ? run_any<double>(*of, levels.level(), *rows, stream_of(*queue))
                                        : run_any<float>(*of, levels.level(), *rows, stream_of(*queue));
        check_launch("mixture");
    });
}

}  // namespace buffon::device

/// Markov chains on (x, sigma) on a device: a warp has a chain. Formulas are those of chain_terms.hpp.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256, warps = threads / 32;

/// f(row, lane) for the rows of a grid of warps.
template <class F>
__device__ void for_chains(std::int64_t rows, const F& f) {
    for (std::int64_t row = blockIdx.x * std::int64_t{warps} + threadIdx.x / 32; row < rows;
         row += gridDim.x * std::int64_t{warps})
        f(row, static_cast<int>(threadIdx.x % 32));
}

unsigned blocks_of(std::int64_t rows) { return blocks_for(rows, warps); }

__device__ void count(std::uint64_t& what) { atomicAdd(reinterpret_cast<unsigned long long*>(&what), 1ull); }

__global__ void __launch_bounds__(threads) move(DeviceChainMove m) {
    const std::int64_t d = m.chains.dim, pairs = (d + 1) / 2;
    for_chains(m.chains.rows, [&](std::int64_t row, int lane) {
        const double *x = m.chains.x + row * d, *score = m.score + row * d, sigma = m.chains.sigma[row],
                     eta = m.eta(sigma);
        double* to = m.to + row * d;
        bool stands = true;
        for (std::int64_t pair = lane; pair < pairs; pair += 32) {   // two numbers share 128 random bits
            const auto bits = m.normals.bits(m.chains.first + row, static_cast<std::uint32_t>(pair));
            for (int h = 0; h < 2 && 2 * pair + h < d; ++h) {
                const std::int64_t j = 2 * pair + h;
                const double z = vecmath::normal_quantile(to_unit(std::uint64_t{bits[2 * h + 1]} << 32 | bits[2 * h]));
                const double slope = m.of_data ? chain::score_of(score[j], x[j], sigma) : score[j];
                to[j] = chain::moved(x[j], slope, z, eta);
                stands = stands && chain::stands(to[j]);
            }
        }
        stands = __all_sync(0xffffffffu, stands);
        if (m.fair != nullptr && lane == 0) m.fair[row] = stands ? 1 : 0;
        if (stands) return;
        const double* back = m.fair != nullptr ? x : m.first_x + row * d;
        for (std::int64_t pair = lane; pair < pairs; pair += 32)
            for (std::int64_t j = 2 * pair; j < d && j < 2 * pair + 2; ++j) to[j] = back[j];
        if (m.fair != nullptr || lane > 0) return;
        m.chains.sigma[row] = m.first_sigma[row];
        count(m.chains.counts->restarted);
    });
}

__global__ void __launch_bounds__(threads) accept(DeviceChainAccept a) {
    const std::int64_t d = a.chains.dim;
    for_chains(a.chains.rows, [&](std::int64_t row, int lane) {
        double *x = a.chains.x + row * d, *score = a.score + row * d;
        const double *y = a.ahead + row * d, *score_y = a.score_ahead + row * d, eta = a.eta(a.chains.sigma[row]);
        double there = 0.0, back = 0.0;
        for (std::int64_t j = lane; j < d; j += 32) {
            const double go = chain::left_over(x[j], score[j], y[j], eta),
                         come = chain::left_over(y[j], score_y[j], x[j], eta);
            there += go * go;
            back += come * come;
        }
        const double log_ratio =
            a.density_ahead[row] - a.density[row] - warp_sum(back) / (2 * eta) + warp_sum(there) / (2 * eta);
        const double u = a.uniforms.uniform(a.chains.first + row, a.component);
        const bool accepted = a.fair[row] != 0 && log(u) < log_ratio;
        __syncwarp();   // all have read what lane 0 replaces
        if (!accepted) return;
        for (std::int64_t j = lane; j < d; j += 32) {
            x[j] = y[j];
            score[j] = score_y[j];
        }
        if (lane > 0) return;
        a.density[row] = a.density_ahead[row];
        count(a.chains.counts->accepted);
    });
}

__global__ void __launch_bounds__(threads) probe_points(DeviceChainProbe p) {
    const std::int64_t d = p.chains.dim;
    for_chains(p.chains.rows, [&](std::int64_t row, int lane) {
        for (std::int64_t j = lane; j < d; j += 32)
            p.to[row * d + j] = chain::Probe::at(p.chains.x[row * d + j], p.probe.sign(p.chains.first + row, j, d),
                                                 p.chains.sigma[row]);
    });
}

__global__ void __launch_bounds__(threads) guess(DeviceChainGuess g) {
    const std::int64_t d = g.chains.dim;
    for_chains(g.chains.rows, [&](std::int64_t row, int lane) {
        const double *x = g.chains.x + row * d, *data = g.data + row * d, *there = g.there + row * d;
        double sum = 0.0;
        for (std::int64_t j = lane; j < d; j += 32)
            sum += g.there == nullptr
                       ? (x[j] - data[j]) * (x[j] - data[j])
                       : g.probe.part(g.probe.sign(g.chains.first + row, j, d), there[j], data[j], g.chains.sigma[row]);
        sum = warp_sum(sum);
        if (lane > 0) return;
        if (g.there == nullptr) g.square[row] = sum;
        g.trace[row] = g.there == nullptr ? 0.0 : g.trace[row] + sum;
    });
}

/// The first number whose cumulative weight, `before` and with it, exceeds `aim`; never one of weight 0. Where rounding leaves
/// nothing, the last one.
__device__ std::int64_t picked_in_turn(const double* weights, std::int64_t count, double aim, double before, int lane) {
    std::int64_t chosen = 0;
    for (std::int64_t start = 0; start < count; start += 32) {
        const std::int64_t j = start + lane;
        const double weight = j < count ? weights[j] : 0.0, up_to = before + warp_running_sum(weight, lane);
        const unsigned positive = __ballot_sync(0xffffffffu, weight > 0),
                       enough = __ballot_sync(0xffffffffu, weight > 0 && up_to > aim);
        if (enough != 0) return start + __ffs(static_cast<int>(enough)) - 1;
        if (positive != 0) chosen = start + 31 - __clz(static_cast<int>(positive));
        before = __shfl_sync(0xffffffffu, up_to, 31);
    }
    return chosen;
}

/// The same by sums of 32 parts, a thread's each, and then within one.
__device__ std::int64_t picked(const double* weights, std::int64_t count, double aim, int lane) {
    const std::int64_t length = (count + 31) / 32 | 1;   // odd: threads read from all banks of shared memory
    const auto begin = [&](int part) { return part * length < count ? part * length : count; };
    double sum = 0.0;
    for (std::int64_t j = begin(lane); j < begin(lane + 1); ++j) sum += weights[j];
    const double up_to = warp_running_sum(sum, lane), below = __shfl_up_sync(0xffffffffu, up_to, 1);
    const unsigned positive = __ballot_sync(0xffffffffu, sum > 0), enough = __ballot_sync(0xffffffffu, sum > 0 && up_to > aim);
    const int part = enough != 0 ? __ffs(static_cast<int>(enough)) - 1 : 31 - __clz(static_cast<int>(positive));
    const double before = part > 0 ? __shfl_sync(0xffffffffu, below, part) : 0.0;
    return begin(part) + picked_in_turn(weights + begin(part), begin(part + 1) - begin(part), aim, before, lane);
}

/// Weights lie in shared memory where it has room for those of all warps.
template <bool Shared>
__global__ void __launch_bounds__(threads) draw_levels_of(DeviceLevelDraws w) {
    extern __shared__ double of_warps[];   // (warps, count)
    for_chains(w.rows, [&](std::int64_t at, int lane) {
        const std::int64_t row = w.from + at;
        double *const logs = w.logs + at * w.count, *const weights = Shared ? of_warps + threadIdx.x / 32 * w.count : logs;
        double peak = -INFINITY;
        bool numbers = true;
        const auto meet = [&](std::int64_t j, double log_weight) {
            numbers = numbers && log_weight == log_weight;
            peak = fmax(peak, log_weight);
            weights[j] = log_weight;
        };
        constexpr int ahead = 8;   // numbers of a thread on their way at once
        if (w.square != nullptr) {
            const auto plug_in = chain::PlugIn::of(w.square[row], w.trace[row], static_cast<double>(w.chains.dim));
            for (std::int64_t j = lane; j < w.count; j += 32) meet(j, plug_in.log_weight(log(w.levels[j])));
        } else {
            for (std::int64_t j = lane; j < w.count; j += 32 * ahead) {
                double v[ahead];
#pragma unroll
                for (int r = 0; r < ahead; ++r) v[r] = j + 32 * r < w.count ? logs[j + 32 * r] : -INFINITY;
#pragma unroll
                for (int r = 0; r < ahead; ++r)
                    if (j + 32 * r < w.count) meet(j + 32 * r, v[r]);
            }
        }
        peak = warp_largest(peak);
        double total = 0.0, best = -1.0;
        std::int64_t largest = 0;
        constexpr int together = 4;
        for (std::int64_t j = lane; j < w.count; j += 32 * together) {
            double v[together];
            bool any = false;
#pragma unroll
            for (int r = 0; r < together; ++r) {
                v[r] = j + 32 * r < w.count ? weights[j + 32 * r] - peak : -INFINITY;
                any = any || v[r] > -746;
            }
            if (any)   // of most levels nothing is left
#pragma unroll
                for (int r = 0; r < together; ++r) v[r] = exp(v[r]);
#pragma unroll
            for (int r = 0; r < together; ++r) {
                const std::int64_t at_level = j + 32 * r;
                if (at_level >= w.count) break;
                const double weight = any ? v[r] * w.prior[at_level] : 0.0;
                weights[at_level] = weight;
                total += weight;
                if (weight > best) best = weight, largest = at_level;
            }
        }
        total = warp_sum(total);
        const double top = warp_largest(best);
        largest = warp_least(best == top ? largest : w.count);
        if (!__all_sync(0xffffffffu, numbers) || !isfinite(peak) || !(top > 0)) {
            if (lane == 0)
                atomicMin(reinterpret_cast<unsigned long long*>(&w.chains.counts->lost),
                          static_cast<unsigned long long>(w.chains.first + row));
            return;
        }
        __syncwarp();   // the weights of other lanes are read now
        const std::int64_t taken =
            w.largest ? largest : picked(weights, w.count, w.uniforms.uniform(w.chains.first + row, 0) * total, lane);
        if (lane == 0) w.chains.sigma[row] = w.levels[taken];
        if (!w.visits) return;
        __syncwarp();
        for (std::int64_t j = lane; j < w.count; j += 32)
            logs[j] = w.largest ? (j == taken ? 1.0 : 0.0) : weights[j] / total;
    });
}

__global__ void __launch_bounds__(threads) sum_visits(DeviceLevelVisits v) {
    const std::int64_t block = blockIdx.x, j = blockIdx.y * std::int64_t{threads} + threadIdx.x, first = block * v.block_rows;
    if (j >= v.count) return;
    double sum = 0.0;
    for (std::int64_t row = first; row < v.rows && row < first + v.block_rows; ++row)
        sum += v.probabilities[row * v.count + j];
    v.sums[block * v.count + j] = sum;
}

__global__ void __launch_bounds__(threads) trace_chains(DeviceChainTrace t) {
    const std::int64_t width = t.width(), known = width - t.count;
    for (std::int64_t e = blockIdx.x * std::int64_t{threads} + threadIdx.x; e < t.chains.rows * width;
         e += gridDim.x * std::int64_t{threads}) {
        const std::int64_t row = e / width, column = e % width;
        t.out[e] = column == 0      ? log(t.chains.sigma[row])
                   : column == 1    ? t.chains.x[row * t.chains.dim]
                   : column < known ? t.density[row]
                                    : t.modes[row * t.count + column - known];
    }
}

__global__ void __launch_bounds__(threads) keep_least(DeviceChainKeep k) {
    const std::int64_t d = k.chains.dim;
    for_chains(k.chains.rows, [&](std::int64_t row, int lane) {
        const bool less = k.chains.sigma[row] < k.sigma[row];
        __syncwarp();
        if (!less) return;
        for (std::int64_t j = lane; j < d; j += 32) k.x[row * d + j] = k.chains.x[row * d + j];
        if (lane == 0) k.sigma[row] = k.chains.sigma[row];
    });
}

}   // namespace

const char* chain_move(const DeviceQueue* queue, const DeviceChainMove* what) {
    return in_words([&] {
        const Use use(queue->device);
        move<<<blocks_of(what->chains.rows), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("chain_move");
    });
}

const char* chain_accept(const DeviceQueue* queue, const DeviceChainAccept* what) {
    return in_words([&] {
        const Use use(queue->device);
        accept<<<blocks_of(what->chains.rows), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("chain_accept");
    });
}

const char* chain_probe(const DeviceQueue* queue, const DeviceChainProbe* what) {
    return in_words([&] {
        const Use use(queue->device);
        probe_points<<<blocks_of(what->chains.rows), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("chain_probe");
    });
}

const char* chain_guess(const DeviceQueue* queue, const DeviceChainGuess* what) {
    return in_words([&] {
        const Use use(queue->device);
        guess<<<blocks_of(what->chains.rows), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("chain_guess");
    });
}

const char* draw_levels(const DeviceQueue* queue, const DeviceLevelDraws* what) {
    return in_words([&] {
        const Use use(queue->device);
        const std::size_t bytes = static_cast<std::size_t>(warps * what->count) * sizeof(double);
        if (bytes <= std::size_t{100} * 1024) {   // two blocks on a multiprocessor
            allow_shared(draw_levels_of<true>, bytes);
            draw_levels_of<true><<<blocks_of(what->rows), threads, bytes, stream_of(*queue)>>>(*what);
        } else {
            draw_levels_of<false><<<blocks_of(what->rows), threads, 0, stream_of(*queue)>>>(*what);
        }
        check_launch("draw_levels");
    });
}

const char* level_visits(const DeviceQueue* queue, const DeviceLevelVisits* what) {
    return in_words([&] {
        const Use use(queue->device);
        const dim3 blocks(static_cast<unsigned>(what->blocks()), blocks_for(what->count, threads));
        sum_visits<<<blocks, threads, 0, stream_of(*queue)>>>(*what);
        check_launch("level_visits");
    });
}

const char* chain_trace(const DeviceQueue* queue, const DeviceChainTrace* what) {
    return in_words([&] {
        const Use use(queue->device);
        trace_chains<<<blocks_for(what->chains.rows * what->width(), threads), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("chain_trace");
    });
}

const char* chain_keep(const DeviceQueue* queue, const DeviceChainKeep* what) {
    return in_words([&] {
        const Use use(queue->device);
        keep_least<<<blocks_of(what->chains.rows), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("chain_keep");
    });
}

}   // namespace buffon::device

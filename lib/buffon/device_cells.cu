/// Power cells on a device, in the processor's arithmetic: products are rounded before they are added, so cells and
/// scores are the same bits.
/// Nothing of size draws x targets is stored. A warp has a block of 16 rows and 128 targets at a time, each thread all
/// rows of 4 of
/// them: turning a block stays in registers. Best scores lie in shared memory; a warp looks there before it reduces its own.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int rows = static_cast<int>(device_cell_rows), panel = static_cast<int>(device_cell_panel);
constexpr int warps = 8, threads = 32 * warps, own = panel / 32;   // blocks at a time; targets of a thread
constexpr int chunk = 32;                                          // coordinates that are in shared memory at a time
constexpr int most_draws = 2 * 4 * rows;                           // of a block
constexpr unsigned everyone = ~0u;

/// Two coordinates, k and k + 1, of one row: number `pair` of the blocks, rows first.
struct Pair {
    std::int64_t block, k;
    int row;
    float* x;                      // of coordinate k; the next is 16 further
    double u[2];

    __device__ Pair(const DeviceCellBlocks& b, std::int64_t pair) {
        const std::int64_t pairs = (b.dim + 1) / 2;
        row = static_cast<int>(pair % rows), k = pair / rows % pairs * 2, block = pair / rows / pairs;
        x = b.x + (block * b.dim + k) * rows + row;
        const auto word = b.stream.bits((b.first + block) * rows + row, static_cast<std::uint32_t>(k / 2));
        u[0] = to_unit(std::uint64_t{word[1]} << 32 | word[0]);
        u[1] = to_unit(std::uint64_t{word[3]} << 32 | word[2]);
    }
};

/// A warp has 512 numbers at a time. Those of the tails, 15 %, are listed and drawn together: few lanes would keep all
/// waiting each time.
__global__ void __launch_bounds__(threads) draw_normal(const __grid_constant__ DeviceCellBlocks b) {
    constexpr int turns = 8, of_warp = 32 * turns;   // pairs
    __shared__ std::uint16_t listed[warps][2 * of_warp];
    const int w = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32);
    const std::int64_t all = b.blocks * ((b.dim + 1) / 2) * rows;
    for (std::int64_t first = (blockIdx.x * std::int64_t{warps} + w) * of_warp; first < all;
         first += gridDim.x * std::int64_t{warps} * of_warp) {
        int count = 0;
        for (int turn = 0; turn < turns; ++turn) {
            const int at = turn * 32 + lane;
            const Pair p(b, min(first + at, all - 1));
            for (int half = 0; half < 2; ++half) {
                const bool wanted = first + at < all && p.k + half < b.dim,
                           tail = wanted && vecmath::absolute(p.u[half] - 0.5) > vecmath::central_width;
                if (wanted && !tail) p.x[half * rows] = static_cast<float>(vecmath::central_quantile(p.u[half]));
                const unsigned who = __ballot_sync(everyone, tail);
                if (tail) listed[w][count + __popc(who & ((1u << lane) - 1))] = static_cast<std::uint16_t>(2 * at + half);
                count += __popc(who);
            }
        }
        __syncwarp();
        for (int i = lane; i < count; i += 32) {
            const Pair p(b, first + listed[w][i] / 2);
            const int half = listed[w][i] % 2;
            p.x[half * rows] = static_cast<float>(vecmath::signed_tail_quantile(p.u[half]));
        }
        __syncwarp();
    }
}

/// Other laws; a thread has two numbers.
__global__ void __launch_bounds__(threads) draw_laws(const __grid_constant__ DeviceCellBlocks b) {
    const std::int64_t all = b.blocks * ((b.dim + 1) / 2) * rows;
    for (std::int64_t i = blockIdx.x * std::int64_t{threads} + threadIdx.x; i < all; i += gridDim.x * std::int64_t{threads}) {
        const Pair p(b, i);
        for (int half = 0; half < 2 && p.k + half < b.dim; ++half)
            p.x[half * rows] = static_cast<float>(b.laws[p.k + half].quantile(p.u[half]) - b.mean[p.k + half]);
    }
}

__device__ inline void copy16(void* to, const void* from) {
    asm volatile(
        "cp.async.cg.shared.global [%0], [%1], 16;\n" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(to))),
        "l"(from));
}

struct Stage {
    float x[warps][chunk][rows];
    float y[chunk][panel];
};

struct Shared {
    Stage stage[2];
    float score[warps][most_draws];
    std::int32_t cell[warps][most_draws];
    float second_score[warps][rows];
    std::int32_t second[warps][rows];
};

/// Coordinates c * chunk ... of the rows of this thread block and of a panel.
__device__ void load(Stage& to, const DeviceNearest& p, std::int64_t tile, std::int64_t c) {
    const std::int64_t dim = p.targets.dim, first = c * chunk;
    const int count = static_cast<int>(min(std::int64_t{chunk}, dim - first));
    for (int q = static_cast<int>(threadIdx.x); q < warps * count * (rows / 4); q += threads) {
        const int w = q / (count * (rows / 4)), rest = q % (count * (rows / 4));
        const std::int64_t block = min(blockIdx.x * std::int64_t{warps} + w, p.blocks - 1);
        copy16(&to.x[w][0][0] + rest * 4, p.x + (block * dim + first) * rows + rest * 4);
    }
    for (int q = static_cast<int>(threadIdx.x); q < count * (panel / 4); q += threads)
        copy16(&to.y[0][0] + q * 4, p.targets.points + (tile * dim + first) * panel + q * 4);
    asm volatile("cp.async.commit_group;\n");
}

/// As an integer that is ordered like it; -0 as 0.
__device__ inline int ordered(float x) {
    const int bits = __float_as_int(x + 0.0f);
    return bits ^ (bits >> 31 & 0x7fffffff);
}

__device__ inline int largest_of_warp(int x) {
#if __CUDA_ARCH__ >= 800
    return __reduce_max_sync(everyone, x);
#else
    for (int o = 16; o > 0; o /= 2) x = max(x, __shfl_xor_sync(everyone, x, o));
    return x;
#endif
}

/// The first lane and its first target of the largest score of a warp: the lowest index, as lanes have four neighbours each.
__device__ inline int first_of(const float (&s)[own], float value) {
    return s[0] == value ? 0 : s[1] == value ? 1 : s[2] == value ? 2 : 3;
}

/// The best so far becomes this panel's best, which is larger.
__device__ inline void take_best(const float (&s)[own], float mine, int first, float* score, std::int32_t* cell) {
    const int key = ordered(mine), top = largest_of_warp(key);
    const unsigned who = __ballot_sync(everyone, key == top);
    __syncwarp();   // all have read what is written now
    if (static_cast<int>(threadIdx.x % 32) == __ffs(static_cast<int>(who)) - 1) {
        *score = mine;
        *cell = first + static_cast<int>(threadIdx.x % 32) * own + first_of(s, mine);
    }
    __syncwarp();
}

struct Seen {
    float score;
    int cell;
};

/// The largest score of the warp without target `except`.
__device__ inline Seen best_of(const float (&s)[own], int first, int except) {
    const int at = first + static_cast<int>(threadIdx.x % 32) * own;
    Seen mine{-INFINITY, at};
#pragma unroll
    for (int c = 0; c < own; ++c)
        if (at + c != except && s[c] > mine.score) mine = {s[c], at + c};
    const int key = ordered(mine.score), top = largest_of_warp(key);
    const int who = __ffs(static_cast<int>(__ballot_sync(everyone, key == top))) - 1;
    return {__shfl_sync(everyone, mine.score, who), __shfl_sync(everyone, mine.cell, who)};
}

/// Puts the two best of a panel among the two best so far, which are earlier and win where scores are equal.
__device__ inline void take_two(const float (&s)[own], int first, Shared& sh, int w, int j) {
    const Seen a = best_of(s, first, -1), b = best_of(s, first, a.cell);
    Seen one{sh.score[w][j], sh.cell[w][j]}, two{sh.second_score[w][j], sh.second[w][j]};
    __syncwarp();
    if (a.score > one.score) {
        two = b.score > one.score ? b : one;
        one = a;
    } else if (a.score > two.score) {
        two = a;
    }
    if (threadIdx.x % 32 == 0) {
        sh.score[w][j] = one.score, sh.cell[w][j] = one.cell;
        sh.second_score[w][j] = two.score, sh.second[w][j] = two.cell;
    }
    __syncwarp();
}

/// v <- H D v / 4 for each target.
__device__ inline void turn(unsigned signs, float (&v)[rows][own]) {
#pragma unroll
    for (int j = 0; j < rows; ++j) {
        const float sign = __uint_as_float(0x3e800000u | (signs >> j & 1u) << 31);
#pragma unroll
        for (int c = 0; c < own; ++c) v[j][c] *= sign;
    }
#pragma unroll
    for (int step = 1; step < rows; step *= 2)
#pragma unroll
        for (int j = 0; j < rows; ++j) {
            if (j & step) continue;
#pragma unroll
            for (int c = 0; c < own; ++c) {
                const float sum = v[j][c] + v[j + step][c];
                v[j + step][c] = v[j][c] - v[j + step][c];
                v[j][c] = sum;
            }
        }
}

template <bool two, bool negative>
__device__ inline void meet(const float (&v)[rows][own], const float (&h)[own], int first, Shared& sh, int w, int draws) {
#pragma unroll
    for (int j = 0; j < rows; ++j) {
        float s[own];
#pragma unroll
        for (int c = 0; c < own; ++c) s[c] = negative ? h[c] - v[j][c] : v[j][c] + h[c];
        const float mine = fmaxf(fmaxf(s[0], s[1]), fmaxf(s[2], s[3]));
        const float known = two ? sh.second_score[w][j] : sh.score[w][draws + j];
        if (!__any_sync(everyone, mine > known)) continue;
        if constexpr (two) take_two(s, first, sh, w, j);
        else take_best(s, mine, first, &sh.score[w][draws + j], &sh.cell[w][draws + j]);
    }
}

template <bool two>
__global__ void __launch_bounds__(threads, 2) nearest(const __grid_constant__ DeviceNearest p) {
    extern __shared__ __align__(16) unsigned char memory[];
    Shared& sh = *reinterpret_cast<Shared*>(memory);
    const int w = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32);
    const std::int64_t block = blockIdx.x * std::int64_t{warps} + w, chunks = (p.targets.dim + chunk - 1) / chunk,
                       steps = p.targets.panels * chunks;
    const int draws = static_cast<int>(p.draws_per_block());
    for (int i = lane; i < draws; i += 32) sh.score[w][i] = -INFINITY, sh.cell[w][i] = 0;
    if (lane < rows) sh.second_score[w][lane] = -INFINITY, sh.second[w][lane] = 0;
    const auto signs = p.signs.bits(p.first + block, 0);
    float v[rows][own] = {};
    load(sh.stage[0], p, 0, 0);
    for (std::int64_t step = 0, tile = 0, c = 0; step < steps; ++step) {
        asm volatile("cp.async.wait_group 0;\n");
        __syncthreads();
        const bool ends = c + 1 == chunks;
        if (step + 1 < steps) load(sh.stage[(step + 1) % 2], p, ends ? tile + 1 : tile, ends ? 0 : c + 1);
        const Stage& here = sh.stage[step % 2];
        const int count = static_cast<int>(min(std::int64_t{chunk}, p.targets.dim - c * chunk));
#pragma unroll 4
        for (int k = 0; k < count; ++k) {
            const float4 y = *reinterpret_cast<const float4*>(&here.y[k][lane * own]);
#pragma unroll
            for (int q = 0; q < rows / 4; ++q) {
                const float4 four = *reinterpret_cast<const float4*>(&here.x[w][k][q * 4]);
                const float x[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    v[4 * q + j][0] = __fadd_rn(v[4 * q + j][0], __fmul_rn(x[j], y.x));
                    v[4 * q + j][1] = __fadd_rn(v[4 * q + j][1], __fmul_rn(x[j], y.y));
                    v[4 * q + j][2] = __fadd_rn(v[4 * q + j][2], __fmul_rn(x[j], y.z));
                    v[4 * q + j][3] = __fadd_rn(v[4 * q + j][3], __fmul_rn(x[j], y.w));
                }
            }
        }
        ++c;
        if (!ends) continue;
        const int first = static_cast<int>(tile) * panel;
        const float4 four = *reinterpret_cast<const float4*>(p.targets.heights + first + lane * own);
        const float h[own] = {four.x, four.y, four.z, four.w};
        if constexpr (two) {
            meet<true, false>(v, h, first, sh, w, 0);
        } else {
#pragma unroll 1
            for (int r = 0; r < p.rotations; ++r) {
                if (r > 0) turn(signs[r / 2] >> (r % 2 * 16), v);
                meet<false, false>(v, h, first, sh, w, r * rows * (p.mirrored ? 2 : 1));
                if (p.mirrored) meet<false, true>(v, h, first, sh, w, (2 * r + 1) * rows);
            }
        }
#pragma unroll
        for (int j = 0; j < rows; ++j)
#pragma unroll
            for (int q = 0; q < own; ++q) v[j][q] = 0.0f;
        c = 0;
        ++tile;
    }
    if (block >= p.blocks) return;
    for (int i = lane; i < draws; i += 32) {
        p.score[block * draws + i] = sh.score[w][i];
        p.cell[block * draws + i] = sh.cell[w][i];
    }
    if (two && lane < rows) {
        p.second_score[block * rows + lane] = sh.second_score[w][lane];
        p.second[block * rows + lane] = sh.second[w][lane];
    }
}

constexpr std::int64_t shared_counts = 8192;   // targets whose counts a block keeps
constexpr int counted = 8192;                  // draws of a block

/// A block counts in shared memory where the targets are few: many draws of one target would wait for each other.
__global__ void __launch_bounds__(threads) count_up(const __grid_constant__ DeviceCellCounts c) {
    __shared__ std::uint32_t own_counts[shared_counts];
    if (c.failed != nullptr && *c.failed != 0) return;
    const bool here = c.size <= shared_counts;
    const int size = static_cast<int>(here ? c.size : 0);
    for (int i = static_cast<int>(threadIdx.x); i < size; i += threads) own_counts[i] = 0;
    __syncthreads();
    const std::int64_t first = blockIdx.x * std::int64_t{counted}, end = min(first + counted, c.draws);
    for (std::int64_t i = first + threadIdx.x; i < end; i += threads) {
        if (here) atomicAdd(own_counts + c.cell[i], 1u);
        else atomicAdd(reinterpret_cast<unsigned long long*>(c.counts + c.cell[i]), 1ull);
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < size; i += threads)
        if (own_counts[i] != 0)
            atomicAdd(reinterpret_cast<unsigned long long*>(c.counts + i),
                      static_cast<unsigned long long>(own_counts[i]));
}

__global__ void __launch_bounds__(128) sum_serially(const __grid_constant__ DeviceSerialSums s) {
    const std::int64_t group = blockIdx.x * std::int64_t{128} + threadIdx.x, first = group * s.length;
    if (first >= s.count) return;
    const std::int64_t end = min(first + s.length, s.count);
    double sum = 0.0;
#pragma unroll 8
    for (std::int64_t i = first; i < end; ++i) sum += static_cast<double>(s.numbers[i]);
    s.sums[group] = sum;
}

/// A thread has one row and one target at a time.
__device__ float plain_score(const DeviceCellTargets& t, const float* x, std::int64_t target) {
    const float* y = t.points + target / panel * t.dim * panel + target % panel;
    float sum = 0.0f;
    for (std::int64_t k = 0; k < t.dim; ++k) sum = __fadd_rn(sum, __fmul_rn(x[k * rows], y[k * panel]));
    return sum + t.heights[target];
}

__global__ void __launch_bounds__(256) scores_of(const __grid_constant__ DeviceCellScores s) {
    const std::int64_t all = s.blocks * rows * s.stride;
    for (std::int64_t i = blockIdx.x * std::int64_t{256} + threadIdx.x; i < all; i += gridDim.x * std::int64_t{256}) {
        const std::int64_t row = i / s.stride, target = i % s.stride;
        s.scores[i] = plain_score(s.targets, s.x + row / rows * s.targets.dim * rows + row % rows, target);
    }
}

constexpr double least_exponent = 32.0;   // the processor's: smaller terms are left out

/// Largest exponent, reciprocal sum and least score of each row, as the processor has them, one target after the other.
__global__ void __launch_bounds__(128) soft_rows(const __grid_constant__ DeviceSoftSums s) {
    const std::int64_t row = blockIdx.x * std::int64_t{128} + threadIdx.x;
    if (row >= s.blocks * rows) return;
    const float* scores = s.scores + row * s.stride;
    float best = -INFINITY;
    for (std::int64_t i = 0; i < s.size; ++i) best = fmaxf(best, scores[i]);
    const float least = best - static_cast<float>(least_exponent * s.width);
    const double scale = 1 / s.width, top = static_cast<double>(best) * scale;
    double total = 0.0;
    for (std::int64_t i = 0; i < s.size; ++i)
        if (scores[i] >= least) total += vecmath::exp(static_cast<double>(scores[i]) * scale - top);
    s.rows[3 * row] = top;
    s.rows[3 * row + 1] = 1 / total;
    s.rows[3 * row + 2] = static_cast<double>(least);
}

__global__ void __launch_bounds__(128) soft_parts(const __grid_constant__ DeviceSoftSums s) {
    const std::int64_t i = blockIdx.x * std::int64_t{128} + threadIdx.x, block = blockIdx.y;
    if (i >= s.size) return;
    const double scale = 1 / s.width;
    double sum = 0.0;
    for (std::int64_t row = block * rows; row < (block + 1) * rows; ++row) {
        const auto score = static_cast<double>(s.scores[row * s.stride + i]);
        if (score >= s.rows[3 * row + 2]) sum += vecmath::exp(score * scale - s.rows[3 * row]) * s.rows[3 * row + 1];
    }
    s.parts[block * s.size + i] = sum;
}

__global__ void __launch_bounds__(128) soft_total(const __grid_constant__ DeviceSoftSums s) {
    const std::int64_t i = blockIdx.x * std::int64_t{128} + threadIdx.x;
    if (i >= s.size) return;
    double sum = s.sums[i];
    for (std::int64_t block = 0; block < s.blocks; ++block) sum += s.parts[block * s.size + i];
    s.sums[i] = sum;
}

__global__ void __launch_bounds__(256) shortfalls_of(const __grid_constant__ DeviceShortfalls s) {
    const std::int64_t target = s.listed[blockIdx.x];
    float least = INFINITY;
    for (std::int64_t row = blockIdx.y * std::int64_t{256} + threadIdx.x; row < s.blocks * rows;
         row += gridDim.y * std::int64_t{256})
        least = fminf(least, s.best[row] - plain_score(s.targets, s.x + row / rows * s.targets.dim * rows + row % rows, target));
    atomicMin(reinterpret_cast<int*>(s.least + blockIdx.x), __float_as_int(least + 0.0f));   // not negative: bits are ordered
}

}  // namespace

const char* cell_blocks(const DeviceQueue* queue, const DeviceCellBlocks* what) {
    return in_words([&] {
        const Use use(queue->device);
        const std::int64_t pairs = what->blocks * rows * ((what->dim + 1) / 2);
        if (what->laws == nullptr) draw_normal<<<blocks_for(pairs, 8 * threads), threads, 0, stream_of(*queue)>>>(*what);
        else draw_laws<<<blocks_for(pairs, threads), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("cell_blocks");
    });
}

const char* nearest_cells(const DeviceQueue* queue, const DeviceNearest* what) {
    return in_words([&] {
        const Use use(queue->device);
        auto* kernel = what->second != nullptr ? nearest<true> : nearest<false>;
        allow_shared(kernel, sizeof(Shared));
        kernel<<<blocks_for(what->blocks, warps, INT32_MAX), threads, sizeof(Shared), stream_of(*queue)>>>(*what);
        check_launch("nearest");
    });
}

const char* count_cells(const DeviceQueue* queue, const DeviceCellCounts* what) {
    return in_words([&] {
        const Use use(queue->device);
        count_up<<<blocks_for(what->draws, counted, INT32_MAX), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("count_up");
    });
}

const char* serial_sums(const DeviceQueue* queue, const DeviceSerialSums* what) {
    return in_words([&] {
        const Use use(queue->device);
        sum_serially<<<blocks_for((what->count + what->length - 1) / what->length, 128, INT32_MAX), 128, 0,
                       stream_of(*queue)>>>(*what);
        check_launch("sum_serially");
    });
}

const char* cell_scores(const DeviceQueue* queue, const DeviceCellScores* what) {
    return in_words([&] {
        const Use use(queue->device);
        scores_of<<<blocks_for(what->blocks * rows * what->stride, 256), 256, 0, stream_of(*queue)>>>(*what);
        check_launch("scores_of");
    });
}

const char* soft_cells(const DeviceQueue* queue, const DeviceSoftSums* what) {
    return in_words([&] {
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        soft_rows<<<blocks_for(what->blocks * rows, 128, INT32_MAX), 128, 0, stream>>>(*what);
        soft_parts<<<dim3(blocks_for(what->size, 128, INT32_MAX), static_cast<unsigned>(what->blocks)), 128, 0, stream>>>(*what);
        soft_total<<<blocks_for(what->size, 128, INT32_MAX), 128, 0, stream>>>(*what);
        check_launch("soft_cells");
    });
}

const char* shortfalls(const DeviceQueue* queue, const DeviceShortfalls* what) {
    return in_words([&] {
        const Use use(queue->device);
        shortfalls_of<<<dim3(static_cast<unsigned>(what->count), 32), 256, 0, stream_of(*queue)>>>(*what);
        check_launch("shortfalls_of");
    });
}

}  // namespace buffon::device

/// Power cells on a device, in the processor's arithmetic: products are rounded before they are added, so cells and scores
/// are the same bits. Nothing of size draws x targets is stored. A warp has a block of 16 rows and 128 targets at a time,
/// each thread all rows of 4 of them: turning a block stays in registers. Best scores lie in shared memory; a warp looks
/// there before it reduces its own.
#include <buffon/device_functions.cuh>

#include <buffon/device_kernels.cuh>

namespace buffon::device {
namespace {

constexpr int rows = static_cast<int>(device_cell_rows), panel = static_cast<int>(device_cell_panel);
constexpr int warps = 8, threads = 32 * warps, own = panel / 32;   // blocks at a time; targets of a thread
constexpr int chunk = 32;                                          // coordinates that are in shared memory at a time
constexpr int most_draws = 2 * 4 * rows;                           // of a block
constexpr unsigned everyone = ~0u;

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

}  // namespace

const char* nearest_cells(const DeviceQueue* queue, const DeviceNearest* what) {
    return in_words([&] {
        const Use use(queue->device);
        auto* kernel = what->second != nullptr ? nearest<true> : nearest<false>;
        allow_shared(kernel, sizeof(Shared));
        kernel<<<blocks_for(what->blocks, warps, INT32_MAX), threads, sizeof(Shared), stream_of(*queue)>>>(*what);
        check_launch("nearest");
    });
}

}  // namespace buffon::device

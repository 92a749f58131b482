/// Power cells by the tensor cores of Hopper devices: products of half precision, summed in float, name the best target
/// of each draw and how far
/// the second is behind. Draws whose two best are closer than the error allows pass a second time; there every target that comes
/// close is noted, and scored again in the processor's arithmetic. So cells are exact, and scores are never stored.
/// A group of 128 threads has 64 rows and 128 targets at a time (wgmma); one more warp copies the images in, some chunks ahead.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_close_calls.cuh>
#include <buffon/device_hopper.cuh>
#include <buffon/device_kernels.cuh>

namespace buffon::device {
namespace {

constexpr int groups = 4, threads = 128 * groups + 32;
constexpr int resident_chunks = 3;                            // of the rows, that stay in shared memory
constexpr std::uint32_t full_share = 2,
                        candidates_per_slot =
                            8;   // at most 1 / 2 of the draws undecided, 8 candidates of each on average

/// What a thread has seen of one draw. The last five bits of a score say which of the thread's 32 targets of its panel it is.
struct Top {
    float best, second;
    int panel;
};

__device__ inline void meet(Top& top, float score, int at) {
    const float s = __int_as_float((__float_as_int(score) & ~31) | at);
    top.second = fmaxf(top.second, fminf(top.best, s));
    top.best = fmaxf(top.best, s);
}

/// Target of number `at` of lane l of a panel.
__device__ inline int target_of(int panel_number, int at, int lane) {
    return panel_number * panel + at / 2 * 8 + lane % 4 * 2 + at % 2;
}

struct Found {
    float best, second;
    int target;
};

__device__ inline Found better(const Found& a, const Found& b) {
    const bool first = a.best > b.best || (a.best == b.best && a.target < b.target);
    return {fmaxf(a.best, b.best), fmaxf(fminf(a.best, b.best), fmaxf(a.second, b.second)), first ? a.target : b.target};
}

/// Over the four lanes that share a row.
__device__ inline Found of_row(const Top& top, int lane) {
    Found f{top.best, top.second, target_of(top.panel, __float_as_int(top.best) & 31, lane)};
#pragma unroll
    for (int o = 1; o < 4; o *= 2)
        f = better(f, {__shfl_xor_sync(~0u, f.best, o), __shfl_xor_sync(~0u, f.second, o), __shfl_xor_sync(~0u, f.target, o)});
    return f;
}

__device__ inline void decide(const DeviceFastNearest& p, const Work& w, std::int64_t draw, const Found& f) {
    const float margin = p.margin + 0x1p-16f * fabsf(f.best);
    if (f.best - f.second > margin) {
        p.nearest.cell[draw] = f.target;
        return;
    }
    const std::uint32_t slot = atomicAdd(w.count, 1u);
    if (slot >= w.slots) {
        *p.failed = 1;
        return;
    }
    w.draw[slot] = static_cast<std::int32_t>(draw);
    w.threshold[slot] = f.best - margin;
    w.best[slot] = 0;
}

__device__ inline void note(const DeviceFastNearest& p, const Work& w, std::uint32_t slot, unsigned which,
                            int panel_number, int lane) {
    while (which != 0) {
        const int at = __ffs(static_cast<int>(which)) - 1;
        which &= which - 1;
        const std::uint32_t place = atomicAdd(w.count + 1, 1u);
        if (place >= w.candidates) {
            *p.failed = 1;
            return;
        }
        w.candidate[place] = {slot, static_cast<unsigned>(target_of(panel_number, at, lane))};
    }
}

/// `across` groups of threads share rows, 128 targets each; the others have rows of their own.
template <int across>
struct Shape {
    static constexpr int down = groups / across, rows = 64 * down;
    static constexpr bool resident = across == 1;              // rows stay, targets stream; else both stream
    static constexpr int row_bytes = rows * 128, target_bytes = across * image_bytes;
    static constexpr int stage_bytes = target_bytes + (resident ? 0 : row_bytes);
    static constexpr int stages = resident ? 6 : 4;
    static constexpr int bytes = stages * stage_bytes + (resident ? resident_chunks * row_bytes : 0) +
                                 1024;   // images begin at multiples of 1,024
};

struct Barriers {
    std::uint64_t full[8], empty[8], rows;
};

template <int across>
__device__ void copy_images(const DeviceFastNearest& p, const unsigned char* rows, std::int64_t row,
                            unsigned char* memory, unsigned char* kept, Barriers& bar) {
    using S = Shape<across>;
    const int chunks = static_cast<int>(p.half.chunks()),
              tiles = static_cast<int>((p.nearest.targets.panels + across - 1) / across);
    const auto* targets = static_cast<const unsigned char*>(p.half.images);
    const auto copy_rows = [&](unsigned char* to, int c, std::uint64_t* barrier) {
        for (int i = 0; i < S::rows / 128; ++i)
            copy(to + i * image_bytes, rows + ((row / 128 + i) * chunks + c) * image_bytes, image_bytes, barrier);
    };
    if (S::resident) {
        expect(&bar.rows, static_cast<unsigned>(chunks * S::row_bytes));
        for (int c = 0; c < chunks; ++c) copy_rows(kept + c * S::row_bytes, c, &bar.rows);
    }
    int stage = 0;
    unsigned parity = 1;
    for (int tile = 0; tile < tiles; ++tile)
        for (int c = 0; c < chunks; ++c) {
            wait_for(&bar.empty[stage], parity);
            expect(&bar.full[stage], S::stage_bytes);
            unsigned char* to = memory + stage * S::stage_bytes;
            for (int i = 0; i < across; ++i)
                copy(to + i * image_bytes,
                     targets + ((static_cast<std::int64_t>(tile) * across + i) * chunks + c) * image_bytes, image_bytes,
                     &bar.full[stage]);
            if (!S::resident) copy_rows(to + S::target_bytes, c, &bar.full[stage]);
            if (++stage == S::stages) stage = 0, parity ^= 1;
        }
}

/// Draws of pass 1: rows of `images`, each once or twice (mirrored). Pass 2: undecided draws, whose candidates it notes.
template <int across, bool mirrored, bool second>
__global__ void __launch_bounds__(threads, 1) pass(const __grid_constant__ DeviceFastNearest p, const __grid_constant__ Work w) {
    using S = Shape<across>;
    extern __shared__ unsigned char raw[];
    __shared__ Barriers bar;
    __shared__ Found other[across == 1 ? 1 : S::rows * 2];
    const std::int64_t row = blockIdx.x * std::int64_t{S::rows}, count = second ? min(w.count[0], w.slots) : w.packed;
    if (row >= count) return;
    unsigned char* memory = raw + (1024 - address(raw) % 1024) % 1024;
    unsigned char* kept = memory + S::stages * S::stage_bytes;
    if (threadIdx.x == 0) {
        for (int i = 0; i < S::stages; ++i) start(&bar.full[i], 1), start(&bar.empty[i], groups);
        start(&bar.rows, 1);
        asm volatile("fence.mbarrier_init.release.cluster;\n" ::: "memory");
    }
    __syncthreads();
    const int warp = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32), group = warp / 4;
    if (group == groups) {
        if (lane == 0) copy_images<across>(p, second ? w.again : w.rows, row, memory, kept, bar);
        return;
    }
    const int down = group / across, side = group % across;
    const int chunks = static_cast<int>(p.half.chunks()),
              tiles = static_cast<int>((p.nearest.targets.panels + across - 1) / across);
    const int mine = down * 64 + warp % 4 * 16 + lane / 4;     // rows: this one and the one 8 below
    const float unscale = 1.0f / p.half.scale;
    Top top[2][2];                                             // of each row, plain and mirrored
#pragma unroll
    for (int i = 0; i < 2; ++i)
        top[i][0] = top[i][1] = {-INFINITY, -INFINITY, 0};   // initializers of members are lost here by nvcc 13.0
    float threshold[2] = {INFINITY, INFINITY};
    if (second)
        for (int i = 0; i < 2; ++i)
            if (row + mine + 8 * i < count) threshold[i] = w.threshold[row + mine + 8 * i];
    if (S::resident) wait_for(&bar.rows, 0);
    float v[64];
    int stage = 0;
    unsigned parity = 0;
    for (int tile = 0; tile < tiles; ++tile) {
        for (int c = 0; c < chunks; ++c) {
            wait_for(&bar.full[stage], parity);
            const unsigned to = address(memory + stage * S::stage_bytes);
            const std::uint64_t b = descriptor(to + static_cast<unsigned>(side * image_bytes));
            const std::uint64_t a = descriptor((S::resident ? address(kept + c * S::row_bytes) : to + S::target_bytes) +
                                               static_cast<unsigned>(down * 64 * 128));
            fence();
#pragma unroll
            for (int k = 0; k < chunk / 16; ++k)
                multiply(v, a + static_cast<unsigned>(2 * k), b + static_cast<unsigned>(2 * k), c + k);
            commit();
            if (c > 0) {
                wait_groups<1>();
                if (threadIdx.x % 128 == 0) arrive(&bar.empty[stage == 0 ? S::stages - 1 : stage - 1]);
            }
            if (++stage == S::stages) stage = 0, parity ^= 1;
        }
        wait_groups<0>();
        hold(v);
        if (threadIdx.x % 128 == 0) arrive(&bar.empty[stage == 0 ? S::stages - 1 : stage - 1]);
        const int number = tile * across + side;
        const float* heights = p.nearest.targets.heights + static_cast<std::int64_t>(number) * panel + lane % 4 * 2;
        if constexpr (second) {
            unsigned which[2] = {0, 0};
#pragma unroll
            for (int q = 0; q < 16; ++q) {
                const float2 h = __ldg(reinterpret_cast<const float2*>(heights + 8 * q));
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    if (fmaf(v[4 * q + 2 * i], unscale, h.x) >= threshold[i]) which[i] |= 1u << 2 * q;
                    if (fmaf(v[4 * q + 2 * i + 1], unscale, h.y) >= threshold[i]) which[i] |= 2u << 2 * q;
                }
            }
            for (int i = 0; i < 2; ++i)   // rows beyond the last are memory that nobody wrote: their scores can be infinite
                if (row + mine + 8 * i < count)
                    note(p, w, static_cast<std::uint32_t>(row + mine + 8 * i), which[i], number, lane);
        } else {
            float before[2][2];
#pragma unroll
            for (int i = 0; i < 2; ++i) before[i][0] = top[i][0].best, before[i][1] = top[i][1].best;
#pragma unroll
            for (int q = 0; q < 16; ++q) {
                const float2 h = __ldg(reinterpret_cast<const float2*>(heights + 8 * q));
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    const float x = v[4 * q + 2 * i], y = v[4 * q + 2 * i + 1];
                    meet(top[i][0], fmaf(x, unscale, h.x), 2 * q);
                    meet(top[i][0], fmaf(y, unscale, h.y), 2 * q + 1);
                    if (!mirrored) continue;
                    meet(top[i][1], fmaf(-x, unscale, h.x), 2 * q);
                    meet(top[i][1], fmaf(-y, unscale, h.y), 2 * q + 1);
                }
            }
#pragma unroll
            for (int i = 0; i < 2; ++i)
#pragma unroll
                for (int s = 0; s < (mirrored ? 2 : 1); ++s)
                    if (top[i][s].best > before[i][s]) top[i][s].panel = number;
        }
    }
    if constexpr (!second) {
        Found found[2][2];
#pragma unroll
        for (int i = 0; i < 2; ++i)
#pragma unroll
            for (int s = 0; s < (mirrored ? 2 : 1); ++s) {
                found[i][s] = of_row(top[i][s], lane);
                if (across == 1) continue;   // else the other side's half of the targets
                if (side == 1 && lane % 4 == 0) other[2 * (mine + 8 * i) + s] = found[i][s];
            }
        __syncwarp();
        if constexpr (across > 1) asm volatile("bar.sync %0, 256;\n" ::"r"(1 + down) : "memory");
        if (side == 1 || lane % 4 != 0) return;   // only now: all lanes of a warp take part in its shuffles
        for (int i = 0; i < 2; ++i)
            for (int s = 0; s < (mirrored ? 2 : 1); ++s) {
                const std::int64_t r = row + mine + 8 * i, draw = mirrored ? r / 16 * 32 + s * 16 + r % 16 : r;
                if (r < count) decide(p, w, draw, across == 1 ? found[i][s] : better(found[i][s], other[2 * (mine + 8 * i) + s]));
            }
    }
}

template <int across>
void run(const DeviceFastNearest& p, const Work& w, cudaStream_t stream) {
    using S = Shape<across>;
    const auto launch = [&](auto* kernel, std::int64_t rows) {
        allow_shared(kernel, S::bytes);
        kernel<<<blocks_for(rows, S::rows, INT32_MAX), threads, S::bytes, stream>>>(p, w);
    };
    if (p.nearest.mirrored) launch(pass<across, true, false>, w.packed);
    else launch(pass<across, false, false>, w.packed);
    gather_rows<<<blocks_for(w.slots * p.half.chunks() * 8, 256, 4096), 256, 0, stream>>>(p.nearest, w, p.half.chunks());
    launch(pass<across, false, true>, w.slots);
}

std::int64_t whole(std::int64_t rows) { return (rows + 255) / 256 * 256; }

/// One piece of memory for all of it.
struct Memory {
    cudaStream_t stream;
    unsigned char* all = nullptr;
    std::int64_t bytes = 0;

    template <class T>
    std::int64_t place_of(std::int64_t n) {
        const std::int64_t at = bytes;
        bytes += (n * static_cast<std::int64_t>(sizeof(T)) + 1023) / 1024 * 1024;
        return at;
    }
    ~Memory() {
        if (all != nullptr) cudaFreeAsync(all, stream);
    }
};

}  // namespace

const char* half_targets(const DeviceQueue* queue, const DeviceHalfTargets* what) {
    return in_words([&] {
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        const float none[2] = {-1.0f, -1.0f}, zeros[2] = {0.0f, 0.0f};
        const bool there = is_hopper(queue->device);
        check(cudaMemcpyAsync(what->norms, there ? zeros : none, sizeof none, cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync");
        check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");   // `none` and `zeros` end here
        if (!there) return;
        pack_targets<<<blocks_for(what->bytes() / 4, 256), 256, 0, stream>>>(*what);
        norms_of<<<blocks_for(what->targets.size, 256, INT32_MAX), 256, 0, stream>>>(*what);
        check_launch("half_targets");
    });
}

const char* fast_nearest_cells(const DeviceQueue* queue, const DeviceFastNearest* what) {
    return in_words([&] {
        const Use use(queue->device);
        const cudaStream_t stream = stream_of(*queue);
        const DeviceNearest& p = what->nearest;
        const std::int64_t chunks = what->half.chunks(), draws = p.blocks * p.draws_per_block();
        Work w;
        w.packed = p.blocks * p.rotations * block_rows;
        w.slots = static_cast<std::uint32_t>(draws / full_share + 1);
        w.candidates = w.slots * candidates_per_slot;
        Memory memory{stream};
        const std::int64_t rows = memory.place_of<unsigned char>(whole(w.packed) * chunks * 128),
                           again = memory.place_of<unsigned char>(whole(w.slots) * chunks * 128);
        const std::int64_t count = memory.place_of<std::uint32_t>(2), draw = memory.place_of<std::int32_t>(w.slots),
                           threshold = memory.place_of<float>(w.slots);
        const std::int64_t best = memory.place_of<unsigned long long>(w.slots), candidate = memory.place_of<uint2>(w.candidates);
        check(cudaMallocAsync(reinterpret_cast<void**>(&memory.all), static_cast<std::size_t>(memory.bytes), stream),
              "cudaMallocAsync");
        w.rows = memory.all + rows, w.again = memory.all + again;
        w.count = reinterpret_cast<std::uint32_t*>(memory.all + count);
        w.draw = reinterpret_cast<std::int32_t*>(memory.all + draw),
        w.threshold = reinterpret_cast<float*>(memory.all + threshold);
        w.best = reinterpret_cast<unsigned long long*>(memory.all + best),
        w.candidate = reinterpret_cast<uint2*>(memory.all + candidate);
        check(cudaMemsetAsync(w.count, 0, 2 * sizeof(std::uint32_t), stream), "cudaMemsetAsync");
        pack_rows<<<blocks_for(p.blocks * chunks * chunk / 2, 256), 256, 0, stream>>>(p, w.rows, chunks);
        chunks <= resident_chunks ? run<1>(*what, w, stream) : run<2>(*what, w, stream);
        score_candidates<<<4096, 256, 0, stream>>>(p, w);
        settle<<<blocks_for(w.slots, 256, 4096), 256, 0, stream>>>(p, w);
        check_launch("fast_nearest_cells");
    });
}

}  // namespace buffon::device

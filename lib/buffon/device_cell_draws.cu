/// Blocks of 16 draws whose cells are looked for, the processor's bits.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int rows = static_cast<int>(device_cell_rows);
constexpr int warps = 8, threads = 32 * warps;
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

}  // namespace buffon::device

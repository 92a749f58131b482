/// Products of columns summed over rows, and totals of such records. Products may be fused.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>

namespace buffon::device {
namespace {

constexpr int threads = 256, warps = threads / 32;

constexpr int left_tiles = 4, right_tiles = 4;   // of eight columns each, of a warp; of the right ones at most

/// c += a b of tiles 8 x 4 and 4 x 8, spread over a warp: a lane has row lane / 4, column lane % 4 of a; row lane % 4,
/// column lane / 4
/// of b; columns 2 (lane % 4) and the next of row lane / 4 of c.
[[maybe_unused]] __device__ void multiply_tiles(double (&c)[2], double a, double b) {
    asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
        : "+d"(c[0]), "+d"(c[1])
        : "d"(a), "d"(b));
}

/// sums += products of the rows begin ... end - 1 of u, of `left` columns from `first_left` on with those from
/// `first_right` on; columns
/// beyond the last are copies of it.
template <int right>
__device__ void add_products(const DeviceGram& g, std::int64_t begin, std::int64_t end, int first_left, int first_right,
                             double (&sums)[left_tiles][right][2]) {
    const int lane = threadIdx.x % 32, inner = lane % 4, outer = lane / 4, width = static_cast<int>(g.width),
              left = static_cast<int>(g.left);
    int of_left[left_tiles];
#pragma unroll
    for (int m = 0; m < left_tiles; ++m) of_left[m] = min(first_left + 8 * m + outer, left - 1);
#if __CUDA_ARCH__ >= 800
    int of_right[right];
#pragma unroll
    for (int n = 0; n < right; ++n) of_right[n] = min(first_right + 8 * n + outer, width - 1);
#pragma unroll 2
    for (std::int64_t i = begin; i < end; i += 4) {
        const bool there = i + inner < end;
        const double* row = g.u + (there ? i + inner : begin) * width;
        double a[left_tiles], b[right];
#pragma unroll
        for (int m = 0; m < left_tiles; ++m) a[m] = there ? __ldg(row + of_left[m]) : 0.0;
#pragma unroll
        for (int n = 0; n < right; ++n) b[n] = there ? __ldg(row + of_right[n]) : 0.0;
#pragma unroll
        for (int n = 0; n < right; ++n)
#pragma unroll
            for (int m = 0; m < left_tiles; ++m) multiply_tiles(sums[m][n], a[m], b[n]);
    }
#else
    for (std::int64_t i = begin; i < end; ++i) {
        const double* row = g.u + i * width;
        double a[left_tiles];
#pragma unroll
        for (int m = 0; m < left_tiles; ++m) a[m] = __ldg(row + of_left[m]);
#pragma unroll
        for (int n = 0; n < right; ++n)
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                const double b = __ldg(row + min(first_right + 8 * n + 2 * inner + j, width - 1));
#pragma unroll
                for (int m = 0; m < left_tiles; ++m) sums[m][n][j] += a[m] * b;
            }
    }
#endif
}

/// Columns 32 blockIdx.z, ... of the left with all, those of slice blockIdx.x; each warp has `right` tiles of eight of
/// these. No number but
/// those of the left is read by two warps, so none goes through shared memory.
template <int right>
__global__ void __launch_bounds__(threads, 2) gram_of_slice(const __grid_constant__ DeviceGram g) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int first_left = static_cast<int>(blockIdx.z) * left_tiles * 8,
              first_right = (static_cast<int>(blockIdx.y) * warps + warp) * right * 8;
    if (first_right >= g.width) return;
    const std::int64_t begin = blockIdx.x * DeviceGram::slice_rows,
                       end = begin + DeviceGram::slice_rows < g.rows ? begin + DeviceGram::slice_rows : g.rows;
    double sums[left_tiles][right][2] = {};
    add_products<right>(g, begin, end, first_left, first_right, sums);
#pragma unroll
    for (int m = 0; m < left_tiles; ++m)
#pragma unroll
        for (int n = 0; n < right; ++n)
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                const int r = first_left + 8 * m + lane / 4, c = first_right + 8 * n + 2 * (lane % 4) + j;
                if (r < g.left && c < g.width) g.records[(blockIdx.x * g.left + r) * g.width + c] = sums[m][n][j];
            }
}

/// f<tiles>() for so many tiles of a warp.
template <int tiles = right_tiles, class F>
void for_tiles(std::int64_t wanted, const F& f) {
    if constexpr (tiles > 1)
        if (wanted < tiles) return for_tiles<tiles - 1>(wanted, f);
    f.template operator()<tiles>();
}

constexpr int lanes = 8;   // sums of a number, one after the other, of every eighth record

/// Blocks of 32 numbers.
__global__ void __launch_bounds__(threads) add_records(const __grid_constant__ DeviceTotal t) {
    __shared__ double part[lanes][32];
    const std::int64_t k = blockIdx.x * std::int64_t{32} + threadIdx.x % 32;
    const int lane = threadIdx.x / 32;
    double sum = 0.0;
    if (k < t.numbers)
        for (std::int64_t r = lane; r < t.count; r += lanes) sum += t.records[r * t.numbers + k];
    part[lane][threadIdx.x % 32] = sum;
    __syncthreads();
    if (lane > 0 || k >= t.numbers) return;
    double all = t.sums[k];
    for (int l = 0; l < lanes; ++l) all += part[l][threadIdx.x];
    t.sums[k] = all;
}

void queue_total(const DeviceTotal& t, cudaStream_t stream) {
    add_records<<<static_cast<unsigned>((t.numbers + 31) / 32), threads, 0, stream>>>(t);
    check_launch("add_records");
}

}  // namespace

const char* gram(const DeviceQueue* queue, const DeviceGram* what) {
    return in_words([&] {
        if (what->rows == 0) return;
        const Use use(queue->device);
        const std::int64_t tiles = (what->width + 7) / 8, blocks = (tiles + warps * right_tiles - 1) / (warps * right_tiles);
        const dim3 grid(static_cast<unsigned>(what->slices()), static_cast<unsigned>(blocks),
                        static_cast<unsigned>((what->left + 8 * left_tiles - 1) / (8 * left_tiles)));
        for_tiles((tiles + blocks * warps - 1) / (blocks * warps),
                  [&]<int right>() { gram_of_slice<right><<<grid, threads, 0, stream_of(*queue)>>>(*what); });
        check_launch("gram_of_slice");
        queue_total({what->records, what->slices(), what->left * what->width, what->sums}, stream_of(*queue));
    });
}

const char* total(const DeviceQueue* queue, const DeviceTotal* what) {
    return in_words([&] {
        const Use use(queue->device);
        queue_total(*what, stream_of(*queue));
    });
}

}  // namespace buffon::device

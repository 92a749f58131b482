/// What the last sample of aiscv makes of its densities: ratios, columns of the regression, sums of each law. Products may be
/// fused.
#include <buffon/device_functions.cuh>

#include <cuda_pipeline.h>

#include <buffon/device_gaussian_tiles.cuh>
#include <buffon/device_kernels.cuh>
#include <buffon/device_warp.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

using namespace gaussian_tiles;

constexpr int ahead = 4;   // numbers of a row that a lane has at once: a chain of operations of one would keep it waiting

/// f(k, numbers k, k + 32, ... of a row of `size`, -inf beyond it) for a lane's share of it.
template <class F>
__device__ void for_row(const double* row, int size, const F& f) {
    for (int k = threadIdx.x % 32; k < size; k += 32 * ahead) {
        double v[ahead];
#pragma unroll
        for (int r = 0; r < ahead; ++r) v[r] = k + 32 * r < size ? row[k + 32 * r] : -vecmath::infinity;
        f(k, v);
    }
}

constexpr int laws_of_a_thread = static_cast<int>(DeviceWeights::most_laws / threads);

/// Densities of a tile over that of the proposal, in shared memory; then rows of u, and each thread adds to the own sums of
/// a few laws.
__global__ void __launch_bounds__(threads, 2) weigh_rows(const __grid_constant__ DeviceWeights w, int tile) {
    extern __shared__ __align__(16) double shared[];
    const int size = static_cast<int>(w.gaussians.size), d = static_cast<int>(w.gaussians.dim), laws = static_cast<int>(w.laws);
    const int components = static_cast<int>(w.components), fitted = static_cast<int>(w.fitted()),
              width = static_cast<int>(w.width());
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    double *z = shared, *ratio = z + tile * d, *outputs = ratio + tile * size, *alone = outputs + tile;
    double sums[laws_of_a_thread][DeviceWeights::own_sums] = {};
    const std::int64_t last =
        (blockIdx.x + 1) * DeviceWeights::block_rows < w.rows ? (blockIdx.x + 1) * DeviceWeights::block_rows : w.rows;
    for (std::int64_t first = blockIdx.x * DeviceWeights::block_rows; first < last; first += tile) {
        load_tile(w.z, first, w.rows, d, tile, z);
        __syncthreads();
        tile_densities(w.gaussians, z, tile, [&](int row, int k, double v) { ratio[row * size + k] = v; });
        __syncthreads();
        for (int row = warp; row < tile && first + row < last; row += warps) {
            double* g = ratio + row * size;
            double top = -vecmath::infinity, initial = 0.0, others = 0.0;
            for_row(g, laws + components, [&](int first, const double(&v)[ahead]) {
#pragma unroll
                for (int r = 0; r < ahead; ++r)   // those that are sampled
                    if (const int k = first + 32 * r;
                        k < laws || (k < laws + components && w.alpha[k - laws + 1] > 0.0))
                        top = fmax(top, v[r]);
            });
            top = warp_largest(top);
            for_row(g, size, [&](int first, const double(&v)[ahead]) {
                double e[ahead];
#pragma unroll
                for (int r = 0; r < ahead; ++r) e[r] = vecmath::exp(fmin(v[r] - top, 700.0));
#pragma unroll
                for (int r = 0; r < ahead; ++r) {
                    const int k = first + 32 * r;
                    if (k >= size) break;
                    g[k] = e[r];
                    if (k < laws) initial += e[r];
                    else if (k < laws + components) others += w.alpha[k - laws + 1] * e[r];
                }
            });
            initial = warp_sum(initial) / laws;
            const double q = w.alpha[0] * initial + warp_sum(others), inverse = 1.0 / q, y = w.y[first + row];
            double* u = w.u + (first + row) * width;
            for_row(g, size, [&](int first, const double(&v)[ahead]) {
#pragma unroll
                for (int r = 0; r < ahead; ++r) {
                    const int k = first + 32 * r;
                    if (k >= size) break;
                    const double share = v[r] * inverse;
                    g[k] = share;
                    if (k < laws) {
                        u[components + 2 + k] = share * y;
                        if (w.own) u[components + 2 + laws + k] = share - 1.0;
                    } else {
                        u[k < laws + components ? 1 + k - laws : components + 2 + laws + k - components] = share - 1.0;
                    }
                }
            });
            if (lane == 0) {
                u[0] = initial * inverse - 1.0;
                u[components + 1] = 1.0;
                outputs[row] = y;
                alone[row] = w.alpha[0] * initial * inverse;
            }
        }
        __syncthreads();
        const int count = static_cast<int>(last - first < tile ? last - first : tile);
#pragma unroll
        for (int m = 0; m < laws_of_a_thread; ++m) {
            const int j = threadIdx.x + m * threads;
            if (j >= laws) break;
#pragma unroll 4
            for (int row = 0; row < count; ++row) {
                const double r = ratio[row * size + j], t = r * outputs[row], f = r - 1.0;
                const double g = fitted > 0 ? ratio[row * size + laws + components + j] - 1.0 : 0.0,
                             counted = alone[row] >= 0.5 ? t : 0.0;
                sums[m][0] += f * f;
                sums[m][1] += f * t;
                sums[m][2] += f * g;
                sums[m][3] += g * g;
                sums[m][4] += g * t;
                sums[m][5] += fabs(counted);
                sums[m][6] += counted * counted;
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (int m = 0; m < laws_of_a_thread; ++m)
        for (int s = 0; s < DeviceWeights::own_sums; ++s)
            if (const int j = threadIdx.x + m * threads; j < laws)
                w.records[(blockIdx.x * DeviceWeights::own_sums + s) * laws + j] = sums[m][s];
}

/// Of e^r = 1 + r + r^2 q(r), |r| <= log(2) / 2, as vecmath::exp has it: an instruction takes one of them from this memory, where
/// numbers in the code would each be moved into registers first.
__constant__ double of_exponential[] = {0x1.0000000000001p-1,  0x1.5555555555556p-3,  0x1.5555555553d63p-5,  0x1.11111111109b3p-7,
                                        0x1.6c16c1788bd90p-10, 0x1.a01a01a7c41d5p-13, 0x1.a019b90d2ae7ap-16, 0x1.71de0dae63bb3p-19,
                                        0x1.289185613a3d6p-22, 0x1.af38a9b0ec855p-26, 0x1.71547652b82fep+0,  -0x1.62e42fefa39efp-1,
                                        -0x1.abc9e3b39803fp-56};

/// e^x of -700 <= x <= 0, and e^-700 below.
__device__ double exponential_of(double x) {
    constexpr int terms = 10;
    const double floored = x < -700.0 ? -700.0 : x,   // what is no number stays none
                  shifted = floored * of_exponential[terms] + vecmath::round_shift,
                 n = shifted - vecmath::round_shift;
    const double r = n * of_exponential[terms + 2] + (n * of_exponential[terms + 1] + floored);
    double q = of_exponential[terms - 1];
#pragma unroll
    for (int k = terms - 2; k >= 0; --k) q = q * r + of_exponential[k];
    const double power = (q * r + 1.0) * r + 1.0;
    return __hiloint2double(__double2hiint(power) + (__double2loint(shifted) << 20), __double2loint(power));
}

/// Where a thread has two Gaussians at most: a law with the one that was fitted to it, or two components. Their densities at
/// `together` rows, relative to the largest number that any has anywhere, and the own sums of the law stay in its registers;
/// shared memory has the rows and what warps tell each other of them.
template <int most_threads, int blocks, int fixed>
__global__ void __launch_bounds__(most_threads, blocks) weigh_pairs(const __grid_constant__ DeviceWeights w) {
    constexpr int most_warps = most_threads / 32;
    extern __shared__ __align__(16) double tiles[];   // two of z, one to be worked on while the other comes
    __shared__ double initials[most_warps][together], others[most_warps][together];
    const int d = fixed > 0 ? fixed : static_cast<int>(w.gaussians.dim), laws = static_cast<int>(w.laws);
    const int components = static_cast<int>(w.components), half = (components + 1) / 2, width = static_cast<int>(w.width());
    const int warps = blockDim.x / 32, lane = threadIdx.x % 32, warp = threadIdx.x / 32, j = threadIdx.x, c = j - laws;
    const bool law = c < 0, fitted = law && w.fitted() > 0, component = !law && c < half, two = component && c + half < components;
    const int first_of = law ? j : component ? laws + c : 0,   // a thread without any repeats the first law, and keeps it to itself
              second_of = fitted ? laws + components + j : two ? laws + c + half : first_of;
    const double alpha[2] = {component ? w.alpha[1 + c] : 0.0, two ? w.alpha[1 + c + half] : 0.0};
    double sums[DeviceWeights::own_sums] = {};
    const std::int64_t begin = blockIdx.x * DeviceWeights::block_rows,
                       end = begin + DeviceWeights::block_rows < w.rows ? begin + DeviceWeights::block_rows : w.rows;
    const auto fetch = [&](std::int64_t first, double* to) {   // rows beyond the last are copies of it
        for (int k = threadIdx.x; k < together * d; k += blockDim.x) {
            const std::int64_t i = first + k / d;
            __pipeline_memcpy_async(to + k % d * together + k / d, w.z + (i < end ? i : end - 1) * d + k % d, sizeof(double));
        }
        __pipeline_commit();
    };
    fetch(begin, tiles);
    int side = 0;
    for (std::int64_t first = begin; first < end; first += together, side = 1 - side) {
        const std::int64_t own_row = first + lane % together;   // whose sums over the warps a lane takes
        const double output = w.y[own_row < end ? own_row : end - 1];
        __pipeline_wait_prior(0);
        __syncthreads();
        if (first + together < end) fetch(first + together, tiles + (1 - side) * together * d);
        double v[2][together];
        log_densities_of<fixed>(w.gaussians, first_of, second_of, tiles + side * together * d, together, v);
#pragma unroll
        for (int k = 0; k < 2; ++k)
#pragma unroll
            for (int p = 0; p < together; ++p) v[k][p] = exponential_of(v[k][p] - w.highest);

        double of_laws[together], of_components[together];
#pragma unroll
        for (int p = 0; p < together; ++p) {
            of_laws[p] = law ? v[0][p] : 0.0;
            of_components[p] = alpha[0] * v[0][p] + alpha[1] * v[1][p];
        }
        const double of_law = warp_sum_of_rows(of_laws), of_component = warp_sum_of_rows(of_components);
        if (lane < together) initials[warp][lane] = of_law, others[warp][lane] = of_component;
        __syncthreads();
        double initial = 0.0, q = 0.0;
        for (int k = 0; k < warps; ++k) initial += initials[k][lane % together], q += others[k][lane % together];
        initial /= laws;
        q += w.alpha[0] * initial;
        const double inverse = 1.0 / q, share = initial * inverse;
        const unsigned alone = __ballot_sync(0xffffffffu, w.alpha[0] * share >= 0.5);
        if (threadIdx.x < together && own_row < end) {
            w.u[own_row * width] = share - 1.0;
            w.u[own_row * width + components + 1] = 1.0;
        }
#pragma unroll
        for (int p = 0; p < together; ++p) {
            const double by = __shfl_sync(0xffffffffu, inverse, p), y = __shfl_sync(0xffffffffu, output, p);
            if (first + p >= end) continue;   // the same for all
            double* u = w.u + (first + p) * width;
            const double one = v[0][p] * by, other = v[1][p] * by;
            if (law) {
                const double t = one * y, f = one - 1.0, g = fitted ? other - 1.0 : 0.0, counted = alone >> p & 1u ? t : 0.0;
                double* responses = u + components + 2 + j;
                responses[0] = t;
                if (w.own) responses[laws] = f;
                if (w.own && fitted) responses[2 * laws] = g;
                sums[0] += f * f;
                sums[1] += f * t;
                sums[2] += f * g;
                sums[3] += g * g;
                sums[4] += g * t;
                sums[5] += fabs(counted);
                sums[6] += counted * counted;
            } else {
                if (component) u[1 + c] = one - 1.0;
                if (two) u[1 + c + half] = other - 1.0;
            }
        }
    }
    if (law)
        for (int s = 0; s < DeviceWeights::own_sums; ++s) w.records[(blockIdx.x * DeviceWeights::own_sums + s) * laws + j] = sums[s];
}

constexpr int most_pairs = 512, small_block = 128;
constexpr int few_coordinates = 128;     // two tiles are 16 KB

/// Threads that weigh_pairs asks for.
std::int64_t pairs_of(const DeviceWeights& w) { return w.laws + (w.components + 1) / 2; }

}  // namespace

const char* weigh(const DeviceQueue* queue, const DeviceWeights* what) {
    return in_words([&] {
        if (what->rows == 0) return;
        const Use use(queue->device);
        const auto blocks = static_cast<unsigned>(what->blocks());
        const cudaStream_t stream = stream_of(*queue);
        if (what->close && pairs_of(*what) <= most_pairs && what->gaussians.dim <= few_coordinates) {
            const auto wanted = static_cast<unsigned>((pairs_of(*what) + 31) / 32 * 32);
            const std::size_t bytes = static_cast<std::size_t>(2 * together * what->gaussians.dim) * sizeof(double);
            if (wanted <= small_block)
                for_dim(what->gaussians.dim, [&]<int d>() {
                    weigh_pairs<small_block, 4, d><<<blocks, wanted, bytes, stream>>>(*what);
                });
            else weigh_pairs<most_pairs, 1, 0><<<blocks, wanted, bytes, stream>>>(*what);
            return check_launch("weigh_pairs");
        }
        const std::size_t bytes = tile_bytes(what->gaussians);
        if (bytes > static_cast<std::size_t>(room)) throw std::runtime_error("too many Gaussians for one tile");
        allow_shared(weigh_rows, bytes);
        weigh_rows<<<blocks, threads, bytes, stream>>>(*what, static_cast<int>(tile_rows(what->gaussians)));
        check_launch("weigh_rows");
    });
}

}  // namespace buffon::device

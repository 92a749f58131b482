/// Log densities of Gaussians at many points, and what the last sample of aiscv makes of them. Products may be fused.
#include <buffon/device_functions.cuh>

#include <algorithm>

#include <buffon/device_kernels.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256, warps = threads / 32;
constexpr int together = 8;   // rows that share a load of a coefficient
constexpr std::int64_t room = 200 * 1024;   // bytes of shared memory

/// Rows of a tile: as many as the threads take at once, each two Gaussians at `together` rows; fewer where their densities would
/// not find room.
std::int64_t tile_rows(const DeviceGaussians& of) {
    const std::int64_t pairs = (of.size + 1) / 2;
    std::int64_t groups = pairs < threads ? threads / pairs : 1;
    while (groups > 1 && groups * together * (of.size + of.dim + 2) * 8 > room / 2) --groups;
    return (groups < 8 ? groups : 8) * together;
}

std::size_t tile_bytes(const DeviceGaussians& of) { return static_cast<std::size_t>(tile_rows(of) * (of.size + of.dim + 2) * 8); }

/// z of a tile's rows, coordinate by coordinate; rows beyond the last are copies of it.
__device__ void load_tile(const double* z, std::int64_t first, std::int64_t rows, int dim, int tile, double* to) {
    for (int k = threadIdx.x; k < tile * dim; k += threads) {
        const std::int64_t i = first + k / dim;
        to[k % dim * tile + k / dim] = z[(i < rows ? i : rows - 1) * dim + k % dim];
    }
}

/// Log densities of a tile, store(row, k, value).
template <class Store>
__device__ void tile_densities(const DeviceGaussians& of, const double* z, int tile, const Store& store) {
    const int d = static_cast<int>(of.dim), size = static_cast<int>(of.size), pairs = (size + 1) / 2;
    const std::int64_t length = d + of.dim * (of.dim + 1) / 2 + 1;   // all of them may be more than 2^31 numbers
    for (int item = threadIdx.x; item < pairs * (tile / together); item += threads) {
        const int k[2] = {item % pairs, item % pairs + pairs}, from = item / pairs * together;
        const int second = k[1] < size ? k[1] : k[0];   // of an odd number the last one twice
        const double *first_number = of.groups + k[0] / 8 * 8 * length + k[0] % 8,
                     *second_number = of.groups + second / 8 * 8 * length + second % 8;
        double distance[2][together] = {};
        int at = 0;
        for (int r = 0; r < d; ++r) {
            const double a = __ldg(first_number + at), b = __ldg(second_number + at);
            at += 8;
            double y[2][together];
#pragma unroll
            for (int p = 0; p < together; ++p) y[0][p] = a, y[1][p] = b;
            for (int s = 0; s <= r; ++s) {
                const double a = __ldg(first_number + at), b = __ldg(second_number + at);
                at += 8;
#pragma unroll
                for (int p = 0; p < together; p += 2) {
                    const double2 v = *reinterpret_cast<const double2*>(z + s * tile + from + p);
                    y[0][p] += a * v.x;
                    y[0][p + 1] += a * v.y;
                    y[1][p] += b * v.x;
                    y[1][p + 1] += b * v.y;
                }
            }
#pragma unroll
            for (int c = 0; c < 2; ++c)
#pragma unroll
                for (int p = 0; p < together; ++p) distance[c][p] += y[c][p] * y[c][p];
        }
        const double constant[2] = {__ldg(first_number + at), __ldg(second_number + at)};
#pragma unroll
        for (int c = 0; c < 2; ++c) {
            if (k[c] >= size) break;
#pragma unroll
            for (int p = 0; p < together; ++p) store(from + p, k[c], constant[c] - 0.5 * distance[c][p]);
        }
    }
}

__device__ double largest_of_warp(double v) {
    for (int distance = 16; distance > 0; distance /= 2) v = fmax(v, __shfl_xor_sync(0xFFFFFFFFu, v, distance));
    return v;
}

__device__ double sum_of_warp(double v) {
    for (int distance = 16; distance > 0; distance /= 2) v += __shfl_xor_sync(0xFFFFFFFFu, v, distance);
    return v;
}

__global__ void __launch_bounds__(threads, 2) write_densities(const __grid_constant__ DeviceLogDensities w, int tile) {
    extern __shared__ __align__(16) double shared[];
    const std::int64_t tiles = (w.rows + tile - 1) / tile;
    for (std::int64_t t = blockIdx.x; t < tiles; t += gridDim.x) {
        const std::int64_t first = t * tile;
        load_tile(w.z, first, w.rows, static_cast<int>(w.of.dim), tile, shared);
        __syncthreads();
        tile_densities(w.of, shared, tile, [&](int row, int k, double v) {
            if (first + row < w.rows) w.out[(first + row) * w.of.size + k] = v;
        });
        __syncthreads();
    }
}

__global__ void __launch_bounds__(threads, 2) reduce_densities(const __grid_constant__ DeviceLogDensities w, int tile) {
    extern __shared__ __align__(16) double shared[];
    const int size = static_cast<int>(w.of.size), lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    double* densities = shared + tile * w.of.dim;
    const std::int64_t tiles = (w.rows + tile - 1) / tile;
    for (std::int64_t t = blockIdx.x; t < tiles; t += gridDim.x) {
        const std::int64_t first = t * tile;
        load_tile(w.z, first, w.rows, static_cast<int>(w.of.dim), tile, shared);
        __syncthreads();
        tile_densities(w.of, shared, tile, [&](int row, int k, double v) { densities[row * size + k] = v + w.log_share[k]; });
        __syncthreads();
        for (int row = warp; row < tile && first + row < w.rows; row += warps) {
            double top = -vecmath::infinity, sum = 0.0;
            for (int k = lane; k < size; k += 32) top = fmax(top, densities[row * size + k]);
            top = largest_of_warp(top);
            for (int k = lane; k < size; k += 32) sum += top > -vecmath::infinity ? exp(densities[row * size + k] - top) : 0.0;
            sum = sum_of_warp(sum);
            if (lane == 0) w.out[first + row] = sum > 0.0 ? top + log(sum) : -vecmath::infinity;
        }
        __syncthreads();
    }
}

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

/// Densities of a tile over that of the proposal; then rows of u, and `parts` threads add to the own sums of each of `most` laws.
template <int most, int parts>
__global__ void __launch_bounds__(threads, 2) weigh_rows(const __grid_constant__ DeviceWeights w, int tile) {
    extern __shared__ __align__(16) double shared[];
    const int size = static_cast<int>(w.gaussians.size), d = static_cast<int>(w.gaussians.dim), laws = static_cast<int>(w.laws);
    const int components = static_cast<int>(w.components), fitted = static_cast<int>(w.fitted()),
              width = static_cast<int>(w.width());
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    double *z = shared, *ratio = z + tile * d, *outputs = ratio + tile * size, *alone = outputs + tile;
    double sums[most][DeviceWeights::own_sums] = {};
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
            top = largest_of_warp(top);
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
            initial = sum_of_warp(initial) / laws;
            const double q = w.alpha[0] * initial + sum_of_warp(others), inverse = 1.0 / q, y = w.y[first + row];
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
        for (int m = 0; m < most; ++m) {
            const int j = threadIdx.x % (threads / parts) + m * threads;
            if (j >= laws) break;
#pragma unroll 4
            for (int row = threadIdx.x / (threads / parts); row < count; row += parts) {
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
    if constexpr (parts == 2) {   // there is room: the tile is done with
        const bool gives = threadIdx.x >= threads / 2;
        double* part = shared + threadIdx.x % (threads / 2) * DeviceWeights::own_sums;
        for (int s = 0; s < DeviceWeights::own_sums && gives; ++s) part[s] = sums[0][s];
        __syncthreads();
        if (gives) return;
        for (int s = 0; s < DeviceWeights::own_sums; ++s) sums[0][s] += part[s];
    }
#pragma unroll
    for (int m = 0; m < most; ++m)
        for (int s = 0; s < DeviceWeights::own_sums; ++s)
            if (const int j = threadIdx.x + m * threads; j < laws)
                w.records[(blockIdx.x * DeviceWeights::own_sums + s) * laws + j] = sums[m][s];
}

__global__ void __launch_bounds__(threads) draw_rows(const __grid_constant__ DeviceProposal p) {
    constexpr int most = 32;   // inputs
    const int d = static_cast<int>(p.dim), width = d + 1;
    for (std::int64_t i = blockIdx.x * std::int64_t{threads} + threadIdx.x; i < p.rows; i += gridDim.x * std::int64_t{threads}) {
        const auto index = static_cast<std::uint64_t>(p.first + i), code = index ^ index >> 1;
        const auto uniform = [&](int c) {
            std::uint64_t word = p.net[c];
            for (std::uint64_t rest = code; rest != 0; rest &= rest - 1)
                word ^= p.net[static_cast<std::int64_t>(__ffsll(rest)) * width + c];
            return to_unit(word);
        };
        double choice = uniform(0);
        std::int64_t k = 0;
        while (k < p.components && choice >= p.alpha[k]) choice -= p.alpha[k++];
        while (p.alpha[k] <= 0.0) --k;
        std::int64_t law = p.laws + k - 1;
        if (k == 0) {
            const double share = fmin(choice / p.alpha[0], 1 - 0x1p-53);
            law = static_cast<std::int64_t>(share * static_cast<double>(p.laws));
            law = law < p.laws ? law : p.laws - 1;
        }
        double n[most];
        for (int j = 0; j < d; ++j) n[j] = vecmath::normal_quantile(uniform(1 + j));
        for (int j = 0; j < d; ++j) {
            double sum = 0.0;
            for (int s = 0; s <= j; ++s) sum += p.factors[(law * d + j) * d + s] * n[s];
            const double z = sum + p.means[law * d + j];
            const DeviceCoordinate c = p.coordinates[j];
            const double t = c.centre + c.scale * z;
            p.z[i * d + j] = z;
            p.x[i * d + j] = c.above ? fmax(c.lower + vecmath::exp(t), c.first) : t;
        }
    }
}

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

/// Rows that a thread has at once; the numbers of all Gaussians are in shared memory, one Gaussian after the other.
constexpr int own_rows = 4;

/// log sum_k share_k g_k: a thread keeps the largest term so far and the sum over it. What is below e^-40 of it changes no digit.
template <int d>
__global__ void __launch_bounds__(threads, 2) mixture_density(const __grid_constant__ DeviceLogDensities w) {
    extern __shared__ __align__(16) double shared[];
    constexpr int length = d + d * (d + 1) / 2 + 1, stride = length + length % 2;
    const int size = static_cast<int>(w.of.size);
    for (int i = threadIdx.x; i < size * length; i += threads) {
        const int k = i / length, e = i % length;
        shared[k * stride + e] = w.of.groups[k / 8 * 8 * length + e * 8 + k % 8] + (e == length - 1 ? w.log_share[k] : 0.0);
    }
    __syncthreads();
    constexpr int block = threads * own_rows;
    for (std::int64_t first = blockIdx.x * std::int64_t{block}; first < w.rows; first += gridDim.x * std::int64_t{block}) {
        double z[own_rows][d], top[own_rows], sum[own_rows];
#pragma unroll
        for (int p = 0; p < own_rows; ++p) {
            const std::int64_t i = first + threadIdx.x + p * threads, row = i < w.rows ? i : w.rows - 1;
#pragma unroll
            for (int j = 0; j < d; ++j) z[p][j] = w.z[row * d + j];
            top[p] = -vecmath::infinity;
            sum[p] = 0.0;
        }
        for (int k = 0; k < size; ++k) {
            const double* number = shared + k * stride;
            double distance[own_rows] = {};
            int at = 0;
#pragma unroll
            for (int r = 0; r < d; ++r) {
                double y[own_rows];
                const double centre = number[at++];
#pragma unroll
                for (int p = 0; p < own_rows; ++p) y[p] = centre;
#pragma unroll
                for (int s = 0; s <= r; ++s) {
                    const double a = number[at++];
#pragma unroll
                    for (int p = 0; p < own_rows; ++p) y[p] += a * z[p][s];
                }
#pragma unroll
                for (int p = 0; p < own_rows; ++p) distance[p] += y[p] * y[p];
            }
#pragma unroll
            for (int p = 0; p < own_rows; ++p) {
                const double term = number[length - 1] - 0.5 * distance[p], gap = term - top[p];
                if (!(gap > -40.0)) continue;
                const double e = exp(gap > 0.0 ? -gap : gap);   // 0 of the first
                sum[p] = gap > 0.0 ? sum[p] * e + 1.0 : sum[p] + e;
                top[p] = gap > 0.0 ? term : top[p];
            }
        }
#pragma unroll
        for (int p = 0; p < own_rows; ++p)
            if (const std::int64_t i = first + threadIdx.x + p * threads; i < w.rows)
                w.out[i] = sum[p] > 0.0 ? top[p] + log(sum[p]) : -vecmath::infinity;
    }
}

constexpr int most_fixed = 8;

/// f<d>() for this d where one is compiled, else f<0>().
template <int d = most_fixed, class F>
void for_dim(std::int64_t dim, const F& f) {
    if constexpr (d == 0) return f.template operator()<0>();
    else if (dim == d) return f.template operator()<d>();
    else return for_dim<d - 1>(dim, f);
}

template <int d>
std::size_t mixture_bytes(std::int64_t size) {
    constexpr int length = d + d * (d + 1) / 2 + 1;
    return static_cast<std::size_t>(size) * (length + length % 2) * sizeof(double);
}

}  // namespace

const char* log_densities(const DeviceQueue* queue, const DeviceLogDensities* what) {
    return in_words([&] {
        if (what->rows == 0 || what->of.size == 0) return;
        const Use use(queue->device);
        const auto tile = static_cast<int>(tile_rows(what->of));
        const std::size_t bytes = tile_bytes(what->of), small = static_cast<std::size_t>(tile * what->of.dim) * sizeof(double);
        const unsigned blocks = blocks_for(what->rows, tile, 132 * 16);
        const cudaStream_t stream = stream_of(*queue);
        for_dim(what->of.dim, [&]<int d>() {
            if (what->log_share == nullptr) {
                if (small > static_cast<std::size_t>(room))
                    throw std::runtime_error("Gaussians of more than " + std::to_string(room / 8 / together) +
                                             " coordinates do not fit into a block's memory");
                allow_shared(write_densities, small);
                return write_densities<<<blocks, threads, small, stream>>>(*what, tile);
            }
            if constexpr (d > 0) {
                if (const std::size_t all = mixture_bytes<d>(what->of.size); all <= static_cast<std::size_t>(room) / 2) {
                    allow_shared(mixture_density<d>, all);
                    return mixture_density<d><<<blocks_for(what->rows, threads * own_rows), threads, all, stream>>>(*what);
                }
            }
            if (bytes > static_cast<std::size_t>(room)) throw std::runtime_error("too many Gaussians for one tile");
            allow_shared(reduce_densities, bytes);
            reduce_densities<<<blocks, threads, bytes, stream>>>(*what, tile);
        });
        check_launch("log_densities");
    });
}

const char* draw_proposal(const DeviceQueue* queue, const DeviceProposal* what) {
    return in_words([&] {
        if (what->rows == 0) return;
        const Use use(queue->device);
        draw_rows<<<blocks_for(what->rows, threads), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("draw_rows");
    });
}

const char* weigh(const DeviceQueue* queue, const DeviceWeights* what) {
    return in_words([&] {
        if (what->rows == 0) return;
        const Use use(queue->device);
        const auto tile = static_cast<int>(tile_rows(what->gaussians));
        const std::size_t of_sums = sizeof(double) * DeviceWeights::own_sums * threads / 2,
                          bytes = std::max(tile_bytes(what->gaussians), of_sums);
        if (bytes > static_cast<std::size_t>(room)) throw std::runtime_error("too many Gaussians for one tile");
        const auto run = [&](auto* kernel) {
            allow_shared(kernel, bytes);
            kernel<<<static_cast<unsigned>(what->blocks()), threads, bytes, stream_of(*queue)>>>(*what, tile);
        };
        constexpr int many = static_cast<int>(DeviceWeights::most_laws / threads);
        what->laws <= threads / 2 ? run(weigh_rows<1, 2>)
        : what->laws <= threads   ? run(weigh_rows<1, 1>)
                                  : run(weigh_rows<many, 1>);
        check_launch("weigh_rows");
    });
}

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

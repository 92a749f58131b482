/// Rows of a run as threads of a device draw them: the integers are those of the processor. For nvcc only.
#pragma once

#include <buffon/device_model.hpp>
#include <buffon/owen_hash.hpp>

namespace buffon::device {

inline constexpr int block_threads = 256;
inline constexpr int most_steps = static_cast<int>(device_block / block_threads);   // rows of one thread
inline constexpr int most_flips = 8;                                                // log2 of them

/// A call, not its code: a row of sixteen normal inputs would be ten thousand instructions.
__device__ __noinline__ inline double quantile_of(const DeviceLaw& law, double p) { return law.quantile(p); }
__device__ __noinline__ inline double from_normal_of(const DeviceLaw& law, double z) { return law.from_normal(z); }
__device__ __noinline__ inline double score_of(double p) { return vecmath::normal_quantile(p); }

/// d inputs from as many uniforms, in place.
template <bool uniform, int d>
__device__ void through_laws(const DeviceDraws& draws, double* u) {
    if constexpr (uniform) {
#pragma unroll
        for (int j = 0; j < d; ++j) {
            // the bits of a + c u and b - c (1 - u) with half the instructions on doubles: u - 1 is exact where u > 1/2
            const DeviceLaw& law = draws.laws[j];
            const bool lower = vecmath::bits_of(u[j]) >> 32 < 0x3FE00000u;
            u[j] = (lower ? law.a : law.b) + law.c * (u[j] - (lower ? 0.0 : 1.0));
        }
    } else if (draws.factor == nullptr) {
#pragma unroll
        for (int j = 0; j < d; ++j) u[j] = quantile_of(draws.laws[j], u[j]);
    } else {
#pragma unroll
        for (int j = 0; j < d; ++j) u[j] = score_of(u[j]);
#pragma unroll
        for (int j = d - 1; j >= 0; --j) {   // from the last: each needs those before it as they were
            double sum = 0.0;
#pragma unroll
            for (int k = 0; k <= j; ++k) sum += draws.factor[j * d + k] * u[k];
            u[j] = sum;
        }
#pragma unroll
        for (int j = 0; j < d; ++j) u[j] = from_normal_of(draws.laws[j], u[j]);
    }
}

/// The keys of the rounds of `philox`: as a parameter of a kernel they are operands of its instructions.
struct RoundKeys {
    std::uint32_t word[20];

    explicit RoundKeys(std::uint64_t key) {
        for (int round = 0; round < 10; ++round) {
            word[2 * round] = static_cast<std::uint32_t>(key) + static_cast<std::uint32_t>(round) * 0x9E3779B9u;
            word[2 * round + 1] = static_cast<std::uint32_t>(key >> 32) + static_cast<std::uint32_t>(round) * 0xBB67AE85u;
        }
    }
};

/// Uniforms of independent points.
template <int width>
class StreamRows {
public:
    struct Shared {};
    __device__ StreamRows(const DeviceDraws& draws, const RoundKeys& keys, Shared&, std::int64_t, std::int64_t)
        : draws_(draws), keys_(keys) {}
    __device__ void next(int) {}
    /// Those of Stream::uniform.
    __device__ void uniforms(std::int64_t row, double* u) const {
#pragma unroll
        for (int j = 0; j < width; j += 2) {
            std::uint32_t c[4] = {static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row >> 32),
                                  static_cast<std::uint32_t>(j / 2), draws_.stream.id};
#pragma unroll
            for (int round = 0; round < 10; ++round) {
                const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0], b = std::uint64_t{0xCD9E8D57} * c[2];
                c[0] = static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ keys_.word[2 * round];
                c[1] = static_cast<std::uint32_t>(b);
                c[2] = static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ keys_.word[2 * round + 1];
                c[3] = static_cast<std::uint32_t>(a);
            }
            u[j] = to_unit(std::uint64_t{c[1]} << 32 | c[0]);
            if (j + 1 < width) u[j + 1] = to_unit(std::uint64_t{c[3]} << 32 | c[2]);
        }
    }

private:
    const DeviceDraws& draws_;
    const RoundKeys& keys_;
};

/// Uniforms of a net. The Gray code is linear in the bits of an index: a thread that goes on by a power of two rows changes two
/// digits of it, the same ones as all of its block.
template <int width>
class NetRows {
public:
    struct Shared {
        std::uint64_t flip[most_flips][width];
        std::uint64_t key[owen_keys][width];
    };

    /// A thread begins at row `begin` + its number, and each of its steps is `step` rows, a power of two; begin is a multiple of
    /// the rows of the whole block.
    __device__ NetRows(const DeviceDraws& draws, const RoundKeys&, Shared& shared, std::int64_t begin,
                       std::int64_t step)
        : shared_(&shared), owen_(draws.owen != nullptr) {
        const std::int64_t replicate = begin / draws.points, index = begin % draws.points + threadIdx.x % step;
        const std::uint64_t* words = draws.nets + replicate * (1 + draws.digits) * width;
        const std::uint64_t* direction = words + width;
        const int log_step = __ffsll(step) - 1;
        for (int k = threadIdx.x; k < most_flips * width; k += blockDim.x) {
            const int digit = log_step + k / width, c = k % width;
            shared.flip[k / width][c] = (digit < draws.digits ? direction[digit * width + c] : 0) ^
                                        (log_step > 0 ? direction[(log_step - 1) * width + c] : 0);
        }
        if (owen_)
            for (int k = threadIdx.x; k < owen_keys * width; k += blockDim.x)
                shared.key[k / width][k % width] = draws.owen[replicate * owen_keys * width + k];
#pragma unroll
        for (int c = 0; c < width; ++c) word_[c] = words[c];
        for (std::uint64_t rest = index ^ index >> 1; rest != 0; rest &= rest - 1) {
            const int digit = __ffsll(rest) - 1;
#pragma unroll
            for (int c = 0; c < width; ++c) word_[c] ^= direction[digit * width + c];
        }
        __syncthreads();
    }

    /// On to step s.
    __device__ void next(int s) {
        const std::uint64_t* flip = shared_->flip[__ffs(s) - 1];
#pragma unroll
        for (int c = 0; c < width; ++c) word_[c] ^= flip[c];
    }

    __device__ void uniforms(std::int64_t, double* u) const {
#pragma unroll
        for (int c = 0; c < width; ++c)
            u[c] = to_unit(owen_ ? __brevll(owen_hash(word_[c], &shared_->key[0][c], width)) : word_[c]);
    }

private:
    std::uint64_t word_[width];
    const Shared* shared_;
    bool owen_;
};

/// The rows of one record: block `blockIdx.x` of those that a range touches.
struct BlockRows {
    std::int64_t begin = 0;        // a multiple of the rows of a block
    std::int64_t first = 0, last = 0;
    std::int64_t step = 1;         // between rows of a thread
    int steps = 0;
    int from = 0, to = 0;          // steps of this thread whose rows are wanted

    __device__ BlockRows(const DeviceDraws& draws, const DeviceRange& range, std::int64_t block) {
        const std::int64_t length = draws.points > 0 && draws.points < block ? draws.points : block;
        begin = (range.first / length + blockIdx.x) * length;
        first = begin > range.first ? begin : range.first;
        last = begin + length < range.first + range.rows ? begin + length : range.first + range.rows;
        step = length < block_threads ? length : block_threads;
        steps = static_cast<int>((length + step - 1) / step);
        if (static_cast<std::int64_t>(threadIdx.x) >= step) steps = 0;
        const std::int64_t before = first - begin - threadIdx.x,
                           end = last - begin - threadIdx.x;   // step s is row s * step of these
        from = before > 0 ? static_cast<int>((before + step - 1) / step) : 0;
        to = end > 0 ? static_cast<int>((end + step - 1) / step) : 0;
        if (to > steps) to = steps;
    }
};

}  // namespace buffon::device

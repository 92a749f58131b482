/// Random numbers as a pure function (key, stream, index, component) -> number: no state, so any worker draws any slice.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Philox-4x32-10.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <buffon/config.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Ten rounds of Philox-4x32: a bijection of the counter for each key.
BUFFON_HD constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                        std::array<std::uint32_t, 2> key) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
        key[0] += 0x9E3779B9;
        key[1] += 0xBB67AE85;
    }
    return counter;
}

/// The centre of one of 2^52 equal cells of (0, 1): never 0, never 1, and 1 - u is one too. (Of 2^53 cells the centres in
/// the upper half are not doubles.) The bits are put behind the exponent of 1, a number of [1, 2): no conversion, no rounding.
BUFFON_HD constexpr double to_unit(std::uint64_t bits) {
    return __builtin_bit_cast(double, (bits >> 12) | 0x3FF0000000000000u) - (1.0 - 0x1p-53);
}

/// `id` separates the uses of one key: each batch, replicate or scramble of an estimator has its own.
struct Stream {
    std::uint64_t key = 0;
    std::uint32_t id = 0;

    /// 128 random bits; counter words are (index low, index high, block, id).
    BUFFON_HD constexpr std::array<std::uint32_t, 4> bits(std::int64_t index, std::uint32_t block) const {
        const auto i = static_cast<std::uint64_t>(index);
        return philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), block, id},
                      {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
    }

    /// 64 random bits: half of one block.
    BUFFON_HD constexpr std::uint64_t word(std::int64_t index, std::int64_t component) const {
        const auto b = bits(index, static_cast<std::uint32_t>(component >> 1));
        const auto half = static_cast<std::size_t>(component & 1) * 2;
        return std::uint64_t{b[half + 1]} << 32 | b[half];
    }

    /// Uniform on (0, 1), 52 bits.
    BUFFON_HD constexpr double uniform(std::int64_t index, std::int64_t component) const {
        return to_unit(word(index, component));
    }

    /// Rows `first`, `first + 1`, ... of the table uniform(index, component), one row per index.
    void uniform(std::int64_t first, View out) const;

    /// The same of standard normal numbers: the quantiles of these uniform ones.
    void normal(std::int64_t first, View out) const;
};

}  // namespace buffon

/// 64-bit words that move together in one register, and Philox on them. Not installed.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Words of 32 bits sit in the
/// lower halves of 64: the product of two is one instruction, and what is above is never looked at.
#pragma once

#include <cstdint>

#ifdef __SSE2__
// GCC's own header leaves a register undefined on purpose and warns of it (its bug 105593)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#include <buffon/config.hpp>
#include <buffon/lanes.hpp>

namespace buffon {
inline namespace BUFFON_ISA {

using Words [[gnu::vector_size(8 * register_lanes)]] = std::uint64_t;
using Doubles [[gnu::vector_size(8 * register_lanes)]] = double;

inline Words all_words(std::uint64_t value) { return value - Words{}; }

/// 0, 1, 2, ...
inline Words counting_words() {
    Words w;
    for (int l = 0; l < register_lanes; ++l) w[l] = static_cast<std::uint64_t>(l);
    return w;
}

/// Products of the lower halves.
inline Words low_product(Words a, Words b) {
#if defined(__AVX512F__)
    return reinterpret_cast<Words>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<Words>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<Words>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

/// `to_unit` of stream.hpp.
inline Doubles to_unit(Words bits) {
    return reinterpret_cast<Doubles>((bits >> 12) | 0x3FF0000000000000u) - (1.0 - 0x1p-53);
}

/// Two words per lane: components 2 block and 2 block + 1.
struct WordPair {
    Words even, odd;
};

/// `Stream{key, id}.word` at (index, 2 block) and (index, 2 block + 1), lane by lane.
inline WordPair philox_words(std::uint64_t key, std::uint32_t id, Words index, Words block) {
    Words c0 = index, c1 = index >> 32, c2 = block, c3 = all_words(id);
    auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const Words a = low_product(c0, all_words(0xD2511F53)), b = low_product(c2, all_words(0xCD9E8D57));
        c0 = (b >> 32) ^ c1 ^ k0;
        c1 = b;
        c2 = (a >> 32) ^ c3 ^ k1;
        c3 = a;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    return {(c1 << 32) | (c0 & 0xFFFFFFFFu), (c3 << 32) | (c2 & 0xFFFFFFFFu)};
}

/// Two uniform numbers per lane.
struct UniformPair {
    Doubles even, odd;
};

/// `Stream{key, id}.uniform` at the same places.
inline UniformPair philox_uniforms(std::uint64_t key, std::uint32_t id, Words index, Words block) {
    const WordPair words = philox_words(key, id, index, block);
    return {to_unit(words.even), to_unit(words.odd)};
}

}  // namespace BUFFON_ISA
}  // namespace buffon

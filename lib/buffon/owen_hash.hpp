/// Nested uniform scrambling by a hash: digit j of a number is flipped by a random function of the digits before it. Not
/// installed. Source: Owen, "Randomly permuted (t, m, s)-nets and (t, s)-sequences" (1995); that additions and products
/// with even numbers make such functions, of digits in reverse order: Laine and Karras (2011), Burley (2020). Theirs have
/// 32 bits and fixed factors; here the words have 64 bits and all constants of a coordinate are random numbers.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>

namespace buffon {
inline namespace BUFFON_ISA {

constexpr int owen_rounds = 3;                    // after 2, pairs of short prefixes are not quite independent (measured)
constexpr int owen_keys = 2 * owen_rounds + 1;    // random words of a coordinate: addend, even factor, ..., last addend

/// `word` has the first digit last, and so has the result. Key k of the coordinate is keys[k * stride].
BUFFON_HD inline std::uint64_t owen_hash(std::uint64_t word, const std::uint64_t* keys, std::int64_t stride) {
    for (int k = 0; k + 1 < owen_keys; k += 2) {
        word += keys[k * stride];
        word ^= word * keys[(k + 1) * stride];   // even: a bit changes only with lower ones, so this can be undone
    }
    return word + keys[(owen_keys - 1) * stride];
}

/// The bits in reverse order.
BUFFON_HD inline std::uint64_t reversed_bits(std::uint64_t w) {
    w = (w >> 1 & 0x5555555555555555u) | (w & 0x5555555555555555u) << 1;
    w = (w >> 2 & 0x3333333333333333u) | (w & 0x3333333333333333u) << 2;
    w = (w >> 4 & 0x0F0F0F0F0F0F0F0Fu) | (w & 0x0F0F0F0F0F0F0F0Fu) << 4;
    return __builtin_bswap64(w);
}

}  // namespace BUFFON_ISA
}  // namespace buffon

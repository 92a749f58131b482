#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

using Words [[gnu::vector_size(8 * register_lanes)]] = std::uint64_t;
using Reals [[gnu::vector_size(8 * register_lanes)]] = double;
using Anywhere [[gnu::vector_size(8 * register_lanes), gnu::aligned(8), gnu::may_alias]] = double;

/// The products of the low halves, which the compiler does not recognise.
inline Words product(Words a, Words b) {
#if defined(__AVX512F__)
    return reinterpret_cast<Words>(_mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<Words>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<Words>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

inline Reals to_unit(Words high, Words low) {
    const Words mantissa = ((high << 20) & 0xFFFFFFFFFFFFFu) | ((low & 0xFFFFFFFFu) >> 12);
    return reinterpret_cast<Reals>(mantissa | 0x3FF0000000000000u) - (1.0 - 0x1p-53);
}

}  // namespace

namespace kernel {

void uniform_columns(std::uint64_t key, std::uint32_t id, std::int64_t first, std::int64_t n, std::int64_t d, double* out,
                     std::int64_t stride) {
    Words lane{};
    for (int l = 0; l < register_lanes; ++l) lane[l] = static_cast<std::uint64_t>(l);
    for (std::int64_t j = 0; j < d; j += 2)
        for (std::int64_t i = 0; i < n; i += register_lanes) {
            Words c0 = lane + static_cast<std::uint64_t>(first + i), c1 = c0 >> 32;
            Words c2 = Words{} + static_cast<std::uint64_t>(j >> 1), c3 = Words{} + std::uint64_t{id};
            auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
#pragma GCC unroll 10
            for (int round = 0; round < 10; ++round) {
                const Words a = product(c0, Words{} + 0xD2511F53u), b = product(c2, Words{} + 0xCD9E8D57u);
                c0 = (b >> 32) ^ c1 ^ std::uint64_t{k0};
                c1 = b;
                c2 = (a >> 32) ^ c3 ^ std::uint64_t{k1};
                c3 = a;
                k0 += 0x9E3779B9;
                k1 += 0xBB67AE85;
            }
            double* to = out + j * stride + i;
            if (i + register_lanes <= n) {
                *reinterpret_cast<Anywhere*>(to) = to_unit(c1, c0);
                if (j + 1 < d) *reinterpret_cast<Anywhere*>(to + stride) = to_unit(c3, c2);
            } else {
                const Reals u = to_unit(c1, c0), v = to_unit(c3, c2);
                for (std::int64_t l = 0; l < n - i; ++l) to[l] = u[l];
                if (j + 1 < d)
                    for (std::int64_t l = 0; l < n - i; ++l) to[stride + l] = v[l];
            }
        }
}

}  // namespace kernel
}  // namespace BUFFON_ISA
}  // namespace buffon

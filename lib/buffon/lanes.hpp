/// Eight doubles that move together, in as few registers as the instruction set needs. Not installed.
/// Eight everywhere: the order of a sum, and with it every bit, does not depend on the size of a register.
#pragma once

#include <cstdint>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <buffon/config.hpp>

namespace buffon {
inline namespace BUFFON_ISA {

#if defined(__AVX512F__)
inline constexpr int register_lanes = 8;
#elif defined(__AVX__)
inline constexpr int register_lanes = 4;
#else
inline constexpr int register_lanes = 2;
#endif

/// A register, two half packs otherwise.
template <int n>
struct Pack {
    Pack<n / 2> low, high;

    static Pack load(const double* from) { return {Pack<n / 2>::load(from), Pack<n / 2>::load(from + n / 2)}; }
    static Pack all(double value) { return {Pack<n / 2>::all(value), Pack<n / 2>::all(value)}; }
    void store(double* to) const {
        low.store(to);
        high.store(to + n / 2);
    }
    Pack& operator+=(const Pack& b) {
        low += b.low;
        high += b.high;
        return *this;
    }
    Pack& operator-=(const Pack& b) {
        low -= b.low;
        high -= b.high;
        return *this;
    }
    friend Pack operator*(const Pack& a, const Pack& b) { return {a.low * b.low, a.high * b.high}; }
    /// Lane by lane a > b ? a : b.
    friend Pack larger(const Pack& a, const Pack& b) { return {larger(a.low, b.low), larger(a.high, b.high)}; }
};

template <>
struct Pack<register_lanes> {
    using Register [[gnu::vector_size(8 * register_lanes)]] = double;
    using Anywhere [[gnu::vector_size(8 * register_lanes), gnu::aligned(8), gnu::may_alias]] = double;
    Register value;

    static Pack load(const double* from) { return {*reinterpret_cast<const Anywhere*>(from)}; }
    static Pack all(double value) { return {value - Register{}}; }   // x + 0 is no copy: it changes the sign of -0
    void store(double* to) const { *reinterpret_cast<Anywhere*>(to) = value; }
    Pack& operator+=(const Pack& b) {
        value += b.value;
        return *this;
    }
    Pack& operator-=(const Pack& b) {
        value -= b.value;
        return *this;
    }
    friend Pack operator*(const Pack& a, const Pack& b) { return {a.value * b.value}; }
    friend Pack larger(const Pack& a, const Pack& b) { return {a.value > b.value ? a.value : b.value}; }
};

using Lanes = Pack<8>;

/// The first `count` < 8 lanes, the others `rest`.
inline Lanes load_part(const double* from, std::int64_t count, double rest = 0.0) {
#if defined(__AVX512F__)
    return {_mm512_mask_loadu_pd(_mm512_set1_pd(rest), static_cast<__mmask8>((1u << count) - 1u),
                                 from)};   // no way through memory
#else
    double part[8] = {rest, rest, rest, rest, rest, rest, rest, rest};
    for (std::int64_t l = 0; l < count; ++l) part[l] = from[l];
    return Lanes::load(part);
#endif
}

inline void store_part(const Lanes& lanes, double* to, std::int64_t count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1u), lanes.value);
#else
    double part[8];
    lanes.store(part);
    for (std::int64_t l = 0; l < count; ++l) to[l] = part[l];
#endif
}

/// Pairwise, as all sums of Buffon are.
inline double sum(const Lanes& lanes) {
    double s[8];
    lanes.store(s);
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

}  // namespace BUFFON_ISA
}  // namespace buffon

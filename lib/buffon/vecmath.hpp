/// Exponential and logarithm, branch-free, for loops that the compiler turns into vector instructions. Not installed.
/// Only + - * /, selections and integer operations on bits: every instruction set gives the same bits, and so does a device.
/// Coefficients: minimax polynomials (Remez' algorithm in 200 bits) of the functions named beside them. The reductions are
/// those of fdlibm (Sun Microsystems, 1993). Sine and cosine: vecmath_sine.hpp; normal law and erfc: vecmath_normal.hpp.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace vecmath {

constexpr double infinity = __builtin_huge_val();
constexpr double not_a_number = __builtin_nan("");
constexpr double round_shift = 0x1.8p52;   // adding it rounds to an integer, which its last bits then hold

BUFFON_HD inline std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }
BUFFON_HD inline double double_of(std::uint64_t bits) { return __builtin_bit_cast(double, bits); }
BUFFON_HD inline double absolute(double x) { return double_of(bits_of(x) & 0x7FFFFFFFFFFFFFFFu); }

/// The first 26 bits of the mantissa: squares of such numbers are exact.
BUFFON_HD inline double leading_half(double x) { return double_of(bits_of(x) & 0xFFFFFFFFF8000000u); }

/// c0 + c1 x + c2 x^2 + ...
BUFFON_HD constexpr double polynomial(double, double c0) { return c0; }
template <class... Rest>
BUFFON_HD constexpr double polynomial(double x, double c0, Rest... rest) {
    return c0 + x * polynomial(x, rest...);
}

/// 2^n of the integer n that `shifted` = n + 1.5 * 2^52 holds in its last bits; -1022 <= n <= 1023.
BUFFON_HD inline double power_of_two(double shifted) { return double_of((bits_of(shifted) + 1023) << 52); }

/// y 2^n, rounded once: 2^n in two halves, for it may not be a double where y 2^n is one.
BUFFON_HD inline double scaled(double y, double n) {
    const double half = n * 0.5 + round_shift;
    return y * power_of_two(half) * power_of_two(n - (half - round_shift) + round_shift);
}

/// e^(x + low) = (1 + high + rest) 2^n with |high + rest| < 0.42; `high` is exact where x is a multiple of 2^-52.
struct Exponential {
    double n, high, rest;
};

/// x + low = n log 2 + r with |r| <= log(2) / 2; e^r = 1 + r + r^2 q(r), q interpolates in Chebyshev points: error 1.6e-17.
BUFFON_HD inline Exponential exponential(double x, double low) {
    const double n = ((x + low) * 0x1.71547652b82fep+0 + round_shift) - round_shift;
    // log 2 in two parts: n times the first is exact
    const double high = x - n * 0x1.62e42feep-1;
    const double rest = low - n * 0x1.a39ef35793c76p-33;
    const double r = high + rest;
    const double q = polynomial(r, 0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.5555555553d63p-5, 0x1.11111111109b3p-7,
                                0x1.6c16c1788bd90p-10, 0x1.a01a01a7c41d5p-13, 0x1.a019b90d2ae7ap-16, 0x1.71de0dae63bb3p-19,
                                0x1.289185613a3d6p-22, 0x1.af38a9b0ec855p-26);
    return {n, high, rest + r * r * q};
}

/// e^x, within 1 ulp (one more among the denormal numbers); inf above 709.78, 0 below -745.13, NaN of NaN.
BUFFON_HD inline double exp(double x) {
    x = x > 710.0 ? 710.0 : x;   // e^710 overflows by itself, e^-746 vanishes
    x = x < -746.0 ? -746.0 : x;
    const Exponential e = exponential(x, 0.0);
    return scaled(1.0 + (e.high + e.rest), e.n);
}

/// e^x - 1, within 2 ulp.
BUFFON_HD inline double expm1(double x) {
    const double y = x > 710.0 ? 710.0 : x;
    const Exponential e = exponential(y < -40.0 ? -40.0 : y, 0.0);
    const double least = e.n > 1000.0 ? 1000.0 : e.n;
    const double one_less = 1.0 - power_of_two(round_shift - least);   // (e^r - 2^-n) 2^n
    const double value = scaled((one_less + e.high) + e.rest, e.n);
    return x == 0.0 ? x : value;
}

/// log x = high + low for finite x > 0, |low| < 0.1: error 1e-17 and 1e-16 |low|.
struct Logarithm {
    double high, low;
};

/// x = 2^k m with sqrt(1/2) <= m < sqrt(2); with f = m - 1, s = f / (2 + f): log m = f - f^2 / 2 + s (f^2 / 2 + R),
/// R / s^2 = polynomial(s^2) of (log((1 + s) / (1 - s)) - 2 s) / s^3: error 2^-58.
BUFFON_HD inline Logarithm logarithm(double x) {
    const bool denormal = x < 0x1p-1022;
    constexpr std::uint64_t below = 0x3FE6A09E00000000u;   // sqrt(1/2)
    const std::uint64_t word = bits_of(denormal ? x * 0x1p54 : x) + (0x3FF0000000000000u - below);
    const double k = double_of((word >> 52) | 0x4330000000000000u) - (0x1p52 + (denormal ? 1023.0 + 54.0 : 1023.0));
    const double f = double_of((word & 0xFFFFFFFFFFFFFu) + below) - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    const double r = z * polynomial(z, 0x1.5555555555592p-1, 0x1.999999997fd7dp-2, 0x1.24924941f4b4fp-2, 0x1.c71c520639378p-3,
                                    0x1.74663f9919ebdp-3, 0x1.39a1a7cfe0c24p-3, 0x1.2f062c5f1840ep-3);
    const double half_square = 0.5 * f * f;
    const double whole = k * 0x1.62e42feep-1;
    const double high = whole + f;
    return {high, ((whole - high) + f) + ((s * (half_square + r) + k * 0x1.a39ef35793c76p-33) - half_square)};
}

/// The logarithm where it is finite; at and beyond the ends of the range -inf, inf, NaN.
BUFFON_HD inline double with_ends_of_log(double x, double value) {
    value = x < infinity ? value : x;
    return x > 0.0 ? value : (x == 0.0 ? -infinity : not_a_number);
}

/// log x, within 1.2 ulp; -inf at 0, NaN below.
BUFFON_HD inline double log(double x) {
    const Logarithm l = logarithm(x);
    return with_ends_of_log(x, l.high + l.low);
}

/// log(1 + x), within 2 ulp; -inf at -1, NaN below.
BUFFON_HD inline double log1p(double x) {
    const double u = 1.0 + x;
    const double lost = x > 1.0 ? 1.0 - (u - x) : x - (u - 1.0);   // 1 + x = u + lost
    const Logarithm l = logarithm(u);
    const double value = with_ends_of_log(u, l.high + (l.low + lost / u));
    return x == 0.0 ? x : value;
}

}  // namespace vecmath
}  // namespace BUFFON_ISA
}  // namespace buffon

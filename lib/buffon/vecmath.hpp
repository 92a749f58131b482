/// Branch-free mathematics for loops that the compiler turns into vector instructions. Not installed.
/// Only + - * and selections: every instruction set gives the same bits.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace vecmath {

/// 2^n of the integer n that `shifted` = n + 1.5 * 2^52 holds in its last bits; -1022 <= n <= 1023.
BUFFON_HD inline double power_of_two(double shifted) {
    return __builtin_bit_cast(double, (__builtin_bit_cast(std::uint64_t, shifted) + 1023) << 52);
}

/// e^x, within 1.1 ulp (one more among the denormal numbers); inf above 709.78, 0 below -745.13, NaN of NaN.
/// x = n log 2 + r with |r| <= log(2) / 2; e^r = 1 + r + r^2 q(r), q interpolates in Chebyshev points: error 1.6e-17.
BUFFON_HD inline double exp(double x) {
    x = x > 710.0 ? 710.0 : x;   // e^710 overflows by itself, e^-746 vanishes
    x = x < -746.0 ? -746.0 : x;
    constexpr double shift = 0x1.8p52;   // adding it rounds to an integer
    const double n = (x * 0x1.71547652b82fep+0 + shift) - shift;
    // log 2 in two parts: n times the first is exact
    const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
    double q = 0x1.af38a9b0ec855p-26;
    q = q * r + 0x1.289185613a3d6p-22;
    q = q * r + 0x1.71de0dae63bb3p-19;
    q = q * r + 0x1.a019b90d2ae7ap-16;
    q = q * r + 0x1.a01a01a7c41d5p-13;
    q = q * r + 0x1.6c16c1788bd90p-10;
    q = q * r + 0x1.11111111109b3p-7;
    q = q * r + 0x1.5555555553d63p-5;
    q = q * r + 0x1.5555555555556p-3;
    q = q * r + 0x1.0000000000001p-1;
    const double e = 1.0 + (r + r * r * q);
    // 2^n in two halves: it may not be a double where e^x is one
    const double half = n * 0.5 + shift;
    return e * power_of_two(half) * power_of_two(n - (half - shift) + shift);
}

}  // namespace vecmath
}  // namespace BUFFON_ISA
}  // namespace buffon

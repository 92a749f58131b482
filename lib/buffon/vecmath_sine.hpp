/// Sine and cosine of every double. Not installed; see vecmath.hpp for what its functions may use.
/// Reduction by Cody and Waite (1980) up to 2^20, by Payne and Hanek (1983) in integers beyond; minimax polynomial of sine.
#pragma once

#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace vecmath {

/// Up to here a loop over moderate_sin or moderate_cos needs no branch.
constexpr double moderate_angle = 0x1p20;

/// A value and what its rounding lost.
struct Sum {
    double high, low;
};

/// sin(r) for |r| <= pi / 2 (and a rounding): r + r^3 s(r^2), s of relative error 2^-62.
/// Two small parts matter where the result has its last place below that of r: r.low, whose factor cos(r) is known well
/// enough as 1 - 4 r^2 / pi^2, and what the square lost, with the derivative by the square, r times about -0.14.
BUFFON_HD inline double short_sine(Sum r) {
    const double t = r.high * r.high;
    const double first = leading_half(r.high);
    const double lost = (first * first - t) + (r.high - first) * (r.high + first);
    const double s = polynomial(t, -0x1.5555555555555p-3, 0x1.11111111110cbp-7, -0x1.a01a01a015187p-13, 0x1.71de3a52c1783p-19,
                                -0x1.ae6454e4b1130p-26, 0x1.6123d14a53b23p-33, -0x1.ae44a756bea63p-41, 0x1.8851ae92f4246p-49);
    const double small = r.low * (1.0 - t * 0x1.9f02f6222c720p-2) - 0.14 * r.high * lost;
    return r.high + (t * r.high * s + small);
}

/// x - m pi / 2 for |m| < 2^20. pi / 2 in parts of 33 bits, so that m times a part is exact. Where a difference is not
/// exact, its first term is the larger one and the error, too, is a double (Dekker): few such x lie near a multiple of
/// pi / 2, but near it all 53 bits remain.
BUFFON_HD inline Sum reduced(double x, double m) {
    const double first = m * 0x1.921fb544p+0, second = m * 0x1.0b4611a6p-34, third = m * 0x1.3198a2ep-69;
    const double a = x - first;
    const double lost = x - (a + first);
    const double b = a - second;
    const double c = b - third;
    const double low = (((a - b) - second) + ((b - c) - third)) + (lost - m * 0x1.b839a252049c1p-104);
    const double high = c + low;
    return {high, (c - high) + low};
}

/// y, with the sign bit of `sign` changed.
BUFFON_HD inline double change_sign(double y, std::uint64_t sign) { return double_of(bits_of(y) ^ (sign & 0x8000000000000000u)); }

/// sin x for |x| <= 2^20, within 2 ulp.
BUFFON_HD inline double moderate_sin(double x) {
    const double y = absolute(x);
    const double shifted = y * 0x1.45f306dc9c883p-2 + round_shift;   // multiples of pi
    const double value = short_sine(reduced(y, 2.0 * (shifted - round_shift)));
    return change_sign(value, bits_of(x) ^ (bits_of(shifted) << 63));
}

/// cos x for |x| <= 2^20, within 2 ulp.
BUFFON_HD inline double moderate_cos(double x) {
    const double y = absolute(x);
    const double shifted = (y * 0x1.45f306dc9c883p-2 - 0.5) + round_shift;   // cos(y) = -(-1)^n sin(y - (n + 1/2) pi)
    const double value = short_sine(reduced(y, 2.0 * (shifted - round_shift) + 1.0));
    return change_sign(value, ~(bits_of(shifted) << 63));
}

/// 64 bits of 2 / pi after its first `start` - 64; before the point come zeros.
BUFFON_HD inline std::uint64_t two_over_pi(int start) {
    constexpr std::uint64_t words[] = {
        0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
        0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
        0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea,
        0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab};
    const int word = start >> 6, shift = start & 63;
    return shift == 0 ? words[word] : words[word] << shift | words[word + 1] >> (64 - shift);
}

/// sin(x + quarter pi / 2) for finite x >= 2^20: x = M 2^e times 192 bits of 2 / pi, the quarters modulo 4 in the first two.
BUFFON_HD inline double huge_sine(double x, std::uint64_t quarter) {
    __extension__ using Wide = unsigned __int128;
    const std::uint64_t mantissa = (bits_of(x) & 0xFFFFFFFFFFFFFu) | 0x10000000000000u;
    const int start = static_cast<int>(bits_of(x) >> 52) - 1075 - 2 + 64;
    const Wide c = Wide{mantissa} * two_over_pi(start + 128);
    const Wide b = Wide{mantissa} * two_over_pi(start + 64) + static_cast<std::uint64_t>(c >> 64);
    const std::uint64_t top = mantissa * two_over_pi(start) + static_cast<std::uint64_t>(b >> 64) + (quarter << 62);
    // x / pi modulo 2 is now top:b:c / 2^191: its first bit is the sign, the rest a fraction of pi; beyond 1/2 the
    // complement of the fraction has the same sine
    const auto middle = static_cast<std::uint64_t>(b), last = static_cast<std::uint64_t>(c);
    const std::uint64_t flip = (top & 0x4000000000000000u) == 0 ? 0 : ~std::uint64_t{0};
    std::uint64_t head = (top << 1 | middle >> 63) ^ flip, tail = (middle << 1 | last >> 63) ^ flip;
    int exponent = -64;
    for (; head >> 63 == 0; --exponent) {   // some 62 zeros at most: no double is closer to a multiple of pi / 2
        head = head << 1 | tail >> 63;
        tail <<= 1;
    }
    const auto angle = static_cast<std::uint64_t>(Wide{head} * 0xC90FDAA22168C235u >> 64);   // times pi / 4
    const double unit = double_of(static_cast<std::uint64_t>(1023 + 2 + exponent) << 52);
    const double r = static_cast<double>(angle >> 11) * 2048.0 * unit;
    const double value = short_sine({r, static_cast<double>(angle & 2047) * unit});
    return change_sign(value, top);
}

/// sin x, within 2 ulp; NaN of an infinity.
BUFFON_HD inline double sin(double x) {
    const double y = absolute(x);
    if (y <= moderate_angle) return moderate_sin(x);
    return y < infinity ? change_sign(huge_sine(y, 0), bits_of(x)) : not_a_number;
}

/// cos x, within 2 ulp; NaN of an infinity.
BUFFON_HD inline double cos(double x) {
    const double y = absolute(x);
    if (y <= moderate_angle) return moderate_cos(x);
    return y < infinity ? huge_sine(y, 1) : not_a_number;
}

}  // namespace vecmath
}  // namespace BUFFON_ISA
}  // namespace buffon

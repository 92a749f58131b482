/// The standard normal law and erfc. Not installed; see vecmath.hpp for what its functions may use.
/// Coefficients: rational approximations, minimax to a factor (Lawson's weights, 700 bits), of the functions named beside
/// them. The forms: a tail is an exponential of a small correction (Press et al., Numerical Recipes, erfc), whose argument
/// is carried in two doubles; the quantile of a tail is that of its logarithm (Wichura, AS 241, 1988), likewise.
#pragma once

#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace vecmath {

/// A tail as e^(start - c x^2 - limit x t + residual(t)) t with t = 1 / (a + x), for x >= 0.
struct TailForm {
    double a, start, c, limit;
};
constexpr TailForm normal_form{2.0, 0.0, 0.5, 0.91796875};               // P(Z > x): the limit is near log(2 pi) / 2
constexpr TailForm erfc_form{1.4140625, 0.34375, 1.0, 0.91796875};      // erfc(x): a near sqrt(2), start near log a

/// Error 2^-58; of x^2 beyond x = 39.
BUFFON_HD inline double normal_residual(double t) {
    return polynomial(t, -0x1.fc72192faf3a2p-11, 0x1.470fef79aa929p-3, 0x1.b0302e24d5b12p+0, 0x1.6ee7a74ed0957p+3,
                      0x1.1081879a3fbb3p+6, 0x1.bffb3ce310d95p+7, 0x1.763dd9cbc5dc4p+9, 0x1.fcdd9d8341776p+9,
                      0x1.6a3da46ee75fep+9, -0x1.5307d76a3ad78p+12, -0x1.d444970ccdffcp+13, -0x1.4e12a9e24f398p+14) /
           polynomial(t, 0x1.0p+0, 0x1.2001e600088d6p+2, 0x1.9d00102689596p+5, 0x1.601caab3a67e3p+7, 0x1.c7089632ab523p+9,
                      0x1.1a2c9818c4d95p+11, 0x1.9bdabcbad96c4p+12, 0x1.5a6b389f0899ep+13, 0x1.1aea5216aaeb5p+14,
                      0x1.00037c689e9d2p+14, 0x1.43963c7f844e4p+13, 0x1.6056cc2f76b51p+6);
}

/// Error 2^-59 to x = 28.
BUFFON_HD inline double erfc_residual(double t) {
    return polynomial(t, 0x1.e5f6e30b2cb11p-10, 0x1.f5d9791c2f76fp-4, 0x1.e93cae2a22c46p-1, 0x1.18609d1bd50c5p+2,
                      0x1.1c62f55c8be17p+4, 0x1.4957bbefb6886p+5, 0x1.6a50c4bf9b969p+6, 0x1.53a344a495651p+6,
                      0x1.6c136903c8a38p+4, -0x1.e85a901808adep+7, -0x1.c0946dceb73e3p+8, -0x1.6d1882901fb0fp+8) /
           polynomial(t, 0x1.0p+0, 0x1.c2801795bf169p+1, 0x1.99f39f9b4bfa4p+4, 0x1.05da7a7ebbd5bp+6, 0x1.b9cf595634278p+7,
                      0x1.8ccf8495da0fcp+8, 0x1.81609993e3684p+9, 0x1.c91cfedcca869p+9, 0x1.f2468051eba2fp+9,
                      0x1.3477ce8aaeb3ep+9, 0x1.f625d8b6d9ea9p+7, 0x1.6d5e278e3f492p+0);
}

/// The tail at 0 <= x <= 40. What a rounding would spoil is split: x^2 into the exact square of x's first half and a rest;
/// 1 / (a + x) into the first half of t over 1 - rho, whose logarithm goes to the exponent.
BUFFON_HD inline double gaussian_tail(double x, const TailForm& f, double t, double residual) {
    const double x1 = leading_half(x), x2 = x - x1;
    const double t1 = leading_half(t);
    const double rho = ((1.0 - f.a * t1) - t1 * x1) - t1 * x2;
    const double split = f.limit * f.a * t1 * rho * (1.0 + rho) + rho * (1.0 + 0.5 * rho);
    const double linear = f.start - f.limit * (1.0 - f.a * t1), square = f.c * x1 * x1;
    const double high = linear - square, lost = linear - (high + square);
    const Exponential e = exponential(high, (residual - f.c * x2 * (x + x1)) + (split + lost));
    return scaled((1.0 + (e.high + e.rest)) * t1, e.n);
}

/// P(Z <= z), within 2 ulp: 0 below -38.5, NaN of NaN.
BUFFON_HD inline double normal_cdf(double z) {
    const double x = absolute(z) > 40.0 ? 40.0 : absolute(z);
    constexpr TailForm form = normal_form;   // a device has no objects of a namespace
    const double t = 1.0 / (form.a + x);
    const double tail = gaussian_tail(x, form, t, normal_residual(t));
    return z > 0.0 ? 1.0 - tail : tail;
}

/// log P(Z <= z), within 3 ulp of every double: for z < 0 it is the exponent of the tail; NaN of NaN.
BUFFON_HD inline double normal_log_cdf(double z) {
    const double x = absolute(z), t = 1.0 / (2.0 + x);
    const double tail = (normal_residual(t) - normal_form.limit * (1.0 - 2.0 * t)) - log(2.0 + x);
    return z > 0.0 ? log1p(-normal_cdf(-z)) : tail - 0.5 * x * x;
}

/// 1 - erf(x), within 2 ulp: 0 above 27.3, NaN of NaN.
BUFFON_HD inline double erfc(double x) {
    const double y = absolute(x) > 28.0 ? 28.0 : absolute(x);
    constexpr TailForm form = erfc_form;
    const double t = 1.0 / (form.a + y);
    const double tail = gaussian_tail(y, form, t, erfc_residual(t));
    return x < 0.0 ? 2.0 - tail : tail;
}

/// |p - 1/2| up to here belongs to central_quantile, the rest to tail_quantile.
constexpr double central_width = 0.425;

/// z with P(Z <= z) = p for |p - 1/2| <= 0.425. z = 2 q + q h with q = p - 1/2; h - 1/2 is small where its rounding errors
/// are large: error 2^-57 of z. What p - 1/2 loses (below p = 1/4) counts with dz/dp, which 5.1 h is to 15 %.
BUFFON_HD inline double central_quantile(double p) {
    const double q = p - 0.5;
    const double lost = p - (q + 0.5);
    const double u = 0.180625 - q * q;
    const double n = polynomial(u, 0x1.c63647a7bbdd7p-1, 0x1.dcc122d47d283p+4, 0x1.3f286c4d3e3d3p+8, 0x1.659b996d3e7aep+9,
                                -0x1.df94090c5c587p+12, -0x1.69fc741ea49edp+15, -0x1.36ba04e0c489bp+16, -0x1.1f0121fd8638bp+15,
                                -0x1.2121e4f746b31p+9);
    const double d = polynomial(u, 0x1.0p+0, 0x1.687fd84348dccp+5, 0x1.8c4d318e7651fp+9, 0x1.af4ed1432accap+12,
                                0x1.e72a8e607fe44p+14, 0x1.11d83643518fcp+16, 0x1.0ab566acd7f56p+16, 0x1.39e7be9fe1e27p+14);
    const double h = 0.5 + n / d;
    return 2.0 * q + (q * h + 5.1 * lost * h);
}

/// z with P(Z > z) = tail for 0 <= tail <= 0.075: r = sqrt(-2 log tail) in two doubles less an approximation of r - z,
/// whose error is 2^-59 of z.
BUFFON_HD inline double tail_quantile(double tail) {
    const Logarithm l = logarithm(tail);
    const double whole = l.high + l.low, lost = (l.high - whole) + l.low;
    const double r = __builtin_sqrt(-2.0 * whole);
    const double first = leading_half(r);
    const double second = ((-2.0 * whole - first * first) - 2.0 * lost) / (r + first);
    const double w = r - 2.25;
    const double n = polynomial(w, 0x1.5e2a93e1d4a42p-2, 0x1.8527573234dc2p-2, 0x1.0e59bb9e6e43ep-3, -0x1.45b05de74a888p-10,
                                -0x1.a60b416d6eb66p-7, -0x1.f85eb96dc9b83p-9, -0x1.1aa2113aa762ap-11, -0x1.4c87d03f79bcap-15,
                                -0x1.90d5d3cb8d04ep-20, -0x1.c5a951d194dfep-26, -0x1.963dbb4699529p-33, -0x1.834f118df8654p-42);
    const double d = polynomial(w, 0x1.0p+0, 0x1.b911d26ce5a97p+0, 0x1.41f1226d2fbe6p+0, 0x1.054ef9d19cb9bp-1,
                                0x1.0362b9c8decefp-3, 0x1.4459991cbd9d0p-6, 0x1.f931b496c4d5ep-10, 0x1.d57152e3b4cb6p-14,
                                0x1.e422332fabb94p-19, 0x1.efe1bf8a79b40p-25, 0x1.a2a142eaa0b3ap-32, 0x1.83e33b0ea45e2p-41);
    const double z = (first - 0.5) + (second - n / d);
    return tail > 0.0 ? z : (tail == 0.0 ? infinity : not_a_number);
}

/// The quantile's sign for a probability p whose smaller side is the tail.
BUFFON_HD inline double signed_tail_quantile(double p) {
    const double upper = 1.0 - p;   // exact from 1/2 on
    const double z = tail_quantile(p < upper ? p : upper);
    return p < 0.5 ? -z : z;
}

/// z with P(Z <= z) = p, within 2 ulp; -inf at 0, inf at 1, NaN outside [0, 1].
BUFFON_HD inline double normal_quantile(double p) {
    if (absolute(p - 0.5) <= central_width) return central_quantile(p);
    return signed_tail_quantile(p);
}

}  // namespace vecmath
}  // namespace BUFFON_ISA
}  // namespace buffon

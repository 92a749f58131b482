/// Errors in units of the last place, against an oracle in long double.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/stream.hpp>

/// Distance from the exact value in units of the last place of a double there; the smallest unit is 2^-1074.
inline double ulps(double value, long double exact) {
    static_assert(std::numeric_limits<long double>::digits >= 64);
    const int exponent = std::max(std::ilogb(exact), -1022);
    return static_cast<double>(std::fabs((value - exact) / std::ldexp(1.0L, exponent - 52)));
}

/// The largest error of f at n numbers argument(u, i), u uniform on (0, 1); a NaN is infinitely wrong.
template <class F, class Oracle, class Argument>
double worst_ulps(std::int64_t n, const F& f, const Oracle& oracle, const Argument& argument) {
    double worst = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const double x = argument(buffon::Stream{1, 0}.uniform(i, 0), i);
        const double error = ulps(f(x), oracle(static_cast<long double>(x)));
        if (!(error <= worst)) worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    }
    return worst;
}

/// What Archimedean copulas share: log(1 + e^x) and its kin, normal scores and logarithms of probabilities, roots. Not installed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon::archimedean {

/// log(1 + e^x) for every x.
inline double log1p_exp(double x) {
    return x > 0 ? x + elementary::log1p(elementary::exp(-x)) : elementary::log1p(elementary::exp(x));
}

/// log(e^x - 1) for x > 0, -inf at 0.
inline double log_expm1(double x) {
    return x > 1 ? x + elementary::log1p(-elementary::exp(-x)) : elementary::log(elementary::expm1(x));
}

/// log(1 - e^x) for x < 0, -inf at 0.
inline double log1m_exp(double x) {
    return x < -0.7 ? elementary::log1p(-elementary::exp(x)) : elementary::log(-elementary::expm1(x));
}

/// log(e^a + e^b).
inline double log_add(double a, double b) {
    const double high = std::max(a, b), low = std::min(a, b);
    return std::isinf(high) ? high : high + elementary::log1p(elementary::exp(low - high));
}

/// x > 0 with f(x) = target > 0, for f increasing from f(0) = 0 and concave: Newton's steps from below never pass the root.
/// f(x) gives the pair (value, slope). The same steps on every machine that has the same elementary functions.
template <class F>
double concave_root(const F& f, double target) {
    if (std::isinf(target)) return target;
    double x = target / f(0.0).second;
    for (int step = 0; step < 100; ++step) {
        const auto [value, slope] = f(x);
        const double next = x + (target - value) / slope;
        if (!(next > x * (1 + 4e-16))) break;
        x = next;
    }
    return x;
}

/// x in [low, high] with f(x) = target, for f increasing; low is also the first guess. Newton's steps, kept inside the bracket.
template <class F>
double bracketed_root(const F& f, double target, double low, double high) {
    double x = low;
    for (int step = 0; step < 200 && low < high; ++step) {
        const auto [value, slope] = f(x);
        (value < target ? low : high) = x;
        double next = x + (target - value) / slope;
        if (std::abs(next - x) <= 4e-16 * x) break;
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        if (next == x) break;
        x = next;
    }
    return x;
}

/// d >= 2; and a parameter that describes more than two coordinates.
inline void check_dim(const char* who, std::int64_t dim, bool beyond_two, double theta) {
    require(dim >= 2, who, ": dimension must be at least 2, got ", dim);
    require(dim == 2 || beyond_two, who, ": theta must be positive with more than two inputs, got ", theta, " with ", dim);
}

}  // namespace buffon::archimedean

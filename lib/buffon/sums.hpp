/// Sums in a fixed order: eight interleaved partial sums, combined pairwise. Not installed.
/// The order is part of the promise of equal bits; eight lanes let the compiler keep them in registers.
#pragma once

#include <cstdint>

namespace buffon {

/// sum of f(i) for i = 0 ... n - 1.
template <class F>
double sum_of(std::int64_t n, const F& f) {
    double lane[8] = {};
    const std::int64_t whole = n - n % 8;
    for (std::int64_t i = 0; i < whole; i += 8)
        for (int l = 0; l < 8; ++l) lane[l] += f(i + l);
    for (std::int64_t i = whole; i < n; ++i) lane[i - whole] += f(i);
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

inline double dot(const double* a, const double* b, std::int64_t n) {
    return sum_of(n, [=](std::int64_t i) { return a[i] * b[i]; });
}

}  // namespace buffon

/// The two verbs on any of Thrust's processors: transform and block-wise moments of a function of the index. Not installed.
/// The order of every sum is that of sums.hpp and moments.cpp, so a device gives the bits of the processor.
#pragma once

#include <algorithm>
#include <cstdint>

#include <thrust/tabulate.h>

#include <buffon/config.hpp>

namespace buffon::by_index {

/// Terms per block: parallel::block_size, without what else that header needs.
inline constexpr std::int64_t block_terms = 4096;

BUFFON_HD constexpr std::int64_t blocks(std::int64_t n) { return (n + block_terms - 1) / block_terms; }

/// Terms in block b of n.
BUFFON_HD constexpr std::int64_t terms_in(std::int64_t b, std::int64_t n) {
    return n - b * block_terms < block_terms ? n - b * block_terms : block_terms;
}

/// Lane k % 8 of the eight partial sums of block k / 8 of f(0), ..., f(n - 1).
template <class F>
struct LaneSum {
    F f;
    std::int64_t n;

    BUFFON_HD double operator()(std::int64_t k) const {
        const std::int64_t b = k / 8, count = terms_in(b, n);
        double sum = 0.0;
        for (std::int64_t i = k % 8; i < count; i += 8) sum += f(b * block_terms + i);
        return sum;
    }
};

/// The sum of block b of its lanes, divided by the number of terms where a mean is wanted.
struct BlockSum {
    const double* lanes;
    std::int64_t n;
    bool mean;

    BUFFON_HD double operator()(std::int64_t b) const {
        const double* l = lanes + 8 * b;
        const double sum = ((l[0] + l[1]) + (l[2] + l[3])) + ((l[4] + l[5]) + (l[6] + l[7]));
        return mean ? sum / static_cast<double>(terms_in(b, n)) : sum;
    }
};

/// (f(i) - the mean of the block of i)^2.
template <class F>
struct SquaredGap {
    F f;
    const double* mean;

    BUFFON_HD double operator()(std::int64_t i) const {
        const double gap = f(i) - mean[i / block_terms];
        return gap * gap;
    }
};

/// out[i] = f(i); `out` is memory of the policy's processor.
template <class Policy, class F>
void transform(const Policy& policy, std::int64_t n, const F& f, double* out) {
    thrust::tabulate(policy, out, out + n, f);
}

/// Mean and scatter of the blocks of f(0), ..., f(n - 1). Memory of the policy's processor: lanes (8 blocks), mean and scatter
/// (blocks). The terms are made twice: cheaper than keeping them.
template <class Policy, class F>
void block_moments(const Policy& policy, std::int64_t n, const F& f, double* lanes, double* mean, double* scatter) {
    transform(policy, 8 * blocks(n), LaneSum<F>{f, n}, lanes);
    transform(policy, blocks(n), BlockSum{lanes, n, true}, mean);
    transform(policy, 8 * blocks(n), LaneSum<SquaredGap<F>>{{f, mean}, n}, lanes);
    transform(policy, blocks(n), BlockSum{lanes, n, false}, scatter);
}

}  // namespace buffon::by_index

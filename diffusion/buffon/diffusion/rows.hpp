/// What the exact denoisers do row by row. Not installed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

#include <buffon/parallel.hpp>

namespace buffon::diffusion {

/// Rows that a thread takes at once. Rows do not interact, so unlike the blocks of sums this number is free.
inline constexpr std::int64_t rows_at_once = 256;

/// Of row i, where one number stands for all.
template <class T>
T of_row(std::span<const T> one_or_many, std::int64_t i) {
    return one_or_many.size() == 1 ? one_or_many[0] : one_or_many[static_cast<std::size_t>(i)];
}

/// The class that row i asks for; -1 for none.
inline std::int64_t label_of(std::span<const std::int64_t> labels, std::int64_t i) { return labels.empty() ? -1 : of_row(labels, i); }

/// The first k whose cumulative weight exceeds u times the total; never one of weight 0.
inline std::size_t pick(std::span<const double> weights, double u) {
    double left = u * std::accumulate(weights.begin(), weights.end(), 0.0);
    std::size_t chosen = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        if (!(weights[k] > 0)) continue;
        chosen = k;
        left -= weights[k];
        if (left < 0) break;
    }
    return chosen;
}

/// Calls f(i, worker) for the rows of [0, n); each block of rows has a worker of its own.
template <class Make, class F>
void over_rows(std::int64_t n, int threads, const Make& make, const F& f) {
    parallel::for_each((n + rows_at_once - 1) / rows_at_once, threads, [&](std::int64_t block) {
        auto worker = make();
        const std::int64_t last = std::min(n, (block + 1) * rows_at_once);
        for (std::int64_t i = block * rows_at_once; i < last; ++i) f(i, worker);
    });
}

}  // namespace buffon::diffusion

/// The two parallel verbs, over fixed blocks of indices: the answer does not depend on the number of threads.
/// Not installed: Thrust distributes block numbers (parallel.cpp), our loops run inside a block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace buffon::parallel {

/// Terms per block of every sum in Buffon. Part of the promise of equal bits: never change it lightly.
inline constexpr std::int64_t block_size = 4096;

/// Threads that are used when 0 are asked for: OpenMP's number, one in a forked child (OpenMP hangs after a fork).
int default_threads();

/// Calls f(b) for b = 0 ... n - 1 on at most `threads` threads (0: default_threads()). If calls throw, the exception
/// of the smallest b is rethrown after all have ended.
void for_each(std::int64_t n, int threads, const std::function<void(std::int64_t)>& f);

/// Calls f(first, count) for the consecutive blocks of [0, n).
template <class F>
void for_blocks(std::int64_t n, int threads, const F& f) {
    for_each((n + block_size - 1) / block_size, threads, [&](std::int64_t b) {
        f(b * block_size, std::min(block_size, n - b * block_size));
    });
}

/// partial(first, count) of the consecutive blocks of [0, n), merged into `total` in their order by total.merge(part).
template <class Total, class F>
void reduce_blocks(std::int64_t n, int threads, Total& total, const F& partial) {
    std::vector<Total> parts(static_cast<std::size_t>((n + block_size - 1) / block_size));
    for_blocks(n, threads, [&](std::int64_t first, std::int64_t count) {
        parts[static_cast<std::size_t>(first / block_size)] = partial(first, count);
    });
    for (const auto& part : parts) total.merge(part);
}

}  // namespace buffon::parallel

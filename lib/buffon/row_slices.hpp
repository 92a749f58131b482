/// Rows in slices whose tables stay in the cache, dealt to threads. No sum runs over them, so unlike the blocks of sums their
/// length is free. Not installed.
#pragma once

#include <algorithm>
#include <cstdint>

#include <buffon/parallel.hpp>

namespace buffon {

/// Calls f(first, count) for slices of `length` rows, the last one shorter; none where there is no row.
template <class F>
void for_slices(std::int64_t rows, std::int64_t length, int threads, const F& f) {
    parallel::for_each((rows + length - 1) / length, threads,
                       [&](std::int64_t s) { f(s * length, std::min(length, rows - s * length)); });
}

/// So many threads, or one for a few rows: they are not worth more.
inline int threads_worth(std::int64_t rows, int threads) { return rows > parallel::block_size ? threads : 1; }

}  // namespace buffon

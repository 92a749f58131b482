/// Blocks of rows of a pick-freeze run, and the sums of their records. For device.cuh.
#pragma once

#include <cstdint>

#include <buffon/device_model.hpp>

namespace buffon {

/// Those that rows first, first + 1, ... touch; `points` of a net or replicate, a power of two; 0: all are one.
struct PickFreezeBlocks {
    std::int64_t count = 0, nets = 0;    // that are touched
    std::int64_t begin = 0, each = 0;    // number of the first block in its net; blocks of a whole net

    PickFreezeBlocks(std::int64_t first, std::int64_t rows, std::int64_t points)
        : count(blocks_of(first, rows, points, pick_freeze_block)), each(count) {
        if (points > 0) {
            const std::int64_t length = points < pick_freeze_block ? points : pick_freeze_block;
            each = points / length;
            begin = first / length % each;
        }
        nets = count > 0 ? (begin + count - 1) / each + 1 : 0;
    }

    /// Number k of the records (count, numbers) of a net, added from the first block on, as PairSums::merge has it.
    BUFFON_HD double sum(const double* records, std::int64_t numbers, std::int64_t net, std::int64_t k) const {
        const std::int64_t from = net == 0 ? 0 : net * each - begin,
                           to = (net + 1) * each - begin < count ? (net + 1) * each - begin : count;
        const bool largest = k == 6 || (k > 6 && (k - 7) % 5 == 4);
        double total = 0.0;
        for (std::int64_t b = from; b < to; ++b) {
            const double v = records[b * numbers + k];
            total = largest ? (v > total ? v : total) : total + v;
        }
        return total;
    }
};

}  // namespace buffon

#include <buffon/pick_freeze_blocks.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include <buffon/stream.hpp>

using namespace buffon;

TEST_CASE("PickFreezeBlocks: sums of the records of each net, one by one in their order, of any range of rows") {
    constexpr std::int64_t block = pick_freeze_block, numbers = pick_freeze_numbers(2);
    for (const std::int64_t points : {std::int64_t{0}, std::int64_t{64}, block, 4 * block})
        for (const std::int64_t first : {std::int64_t{0}, block, 3 * block, 5 * block})
            for (const std::int64_t rows : {std::int64_t{1}, block / 2, block, 7 * block, 8 * block + 1}) {
                CAPTURE(points);
                CAPTURE(first);
                CAPTURE(rows);
                const PickFreezeBlocks blocks(first, rows, points);
                REQUIRE(blocks.count == blocks_of(first, rows, points, block));
                const std::int64_t length = points == 64 ? 64 : block;
                const auto net_of = [&](std::int64_t b) { return points == 0 ? 0 : (first / length + b) * length / points; };
                REQUIRE(blocks.nets == net_of(blocks.count - 1) - net_of(0) + 1);
                std::vector<double> records(static_cast<std::size_t>(blocks.count * numbers));
                Stream{3, 1}.uniform(0, {records.data(), blocks.count, numbers});
                for (const std::int64_t k : {0, 5, 6, 7, 10, 11, 12, 16}) {
                    std::vector<double> expected(static_cast<std::size_t>(blocks.nets));
                    for (std::int64_t b = 0; b < blocks.count; ++b) {
                        double& sum = expected[static_cast<std::size_t>(net_of(b) - net_of(0))];
                        const double v = records[static_cast<std::size_t>(b * numbers + k)];
                        sum = k == 6 || k == 11 || k == 16 ? std::max(sum, v) : sum + v;
                    }
                    for (std::int64_t net = 0; net < blocks.nets; ++net)
                        REQUIRE(blocks.sum(records.data(), numbers, net, k) == expected[static_cast<std::size_t>(net)]);
                }
            }
}

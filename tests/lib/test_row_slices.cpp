#include <buffon/row_slices.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace buffon;

TEST_CASE("for_slices: each row is in one slice, slices begin at multiples of their length") {
    for (const std::int64_t rows : {0, 1, 7, 8, 100}) {
        CAPTURE(rows);
        std::vector<int> seen(static_cast<std::size_t>(rows));
        std::vector<std::int64_t> firsts;
        for_slices(rows, 8, 1, [&](std::int64_t first, std::int64_t count) {
            firsts.push_back(first);
            CHECK(count <= 8);
            for (std::int64_t i = first; i < first + count; ++i) ++seen[static_cast<std::size_t>(i)];
        });
        CHECK(seen == std::vector<int>(seen.size(), 1));
        CHECK(static_cast<std::int64_t>(firsts.size()) == (rows + 7) / 8);
        for (const std::int64_t first : firsts) CHECK(first % 8 == 0);
    }
    CHECK(threads_worth(4096, 3) == 1);
    CHECK(threads_worth(4097, 3) == 3);
}

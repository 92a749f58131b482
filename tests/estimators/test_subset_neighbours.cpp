#include <buffon/subset_neighbours.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <set>

#include <buffon/stream.hpp>

using namespace buffon;

TEST_CASE("subset neighbours: in each subset but the whole, those that a search of all rows finds") {
    const std::int64_t n = 101, d = 4;
    Matrix z(n, d);
    Stream{5, 0}.normal(0, z);
    const SubsetNeighbours neighbours(z);
    for (const std::int64_t row : {0, 7, 100}) {
        std::set<std::uint64_t> seen;
        neighbours.of(row, [&](std::uint64_t u, std::int64_t even, std::int64_t odd) {
            seen.insert(u);
            for (const std::int64_t half : {0, 1}) {
                double least = std::numeric_limits<double>::infinity();
                std::int64_t nearest = -1;
                for (std::int64_t i = half; i < n; i += 2) {
                    double square = 0;
                    for (std::int64_t c = 0; c < d; ++c)
                        if (u >> c & 1) square += (z(i, c) - z(row, c)) * (z(i, c) - z(row, c));
                    if (i == row || !(square < least)) continue;
                    least = square;
                    nearest = i;
                }
                CHECK((half == 0 ? even : odd) == nearest);
            }
        });
        CHECK(seen.size() == 14);
    }
}

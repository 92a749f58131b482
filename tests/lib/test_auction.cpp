#include <buffon/auction.hpp>

#include <doctest/doctest.h>

#include "assignments.hpp"

using namespace buffon;

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

TEST_CASE("auction: what it joins is tight, and it leaves few lines, uniform, near and tied") {
    for (int kind = 0; kind < 3; ++kind) {
        CAPTURE(kind);
        const std::int64_t n = 300;
        const Matrix c = kind == 0   ? assignments::uniform(n, n, 1)
                         : kind == 1 ? assignments::distances(n, n, 2, 3)
                                     : assignments::integers(n, n, 5, 20.0);
        const CostLines costs(Costs::of(c.data.data(), n, n));
        Matching m(costs);
        std::vector<std::int64_t> free;
        REQUIRE(auction(costs, m, free));
        CHECK(free.size() < 100);
        std::int64_t joined = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            const std::int64_t j = m.column_of[at(i)];
            CHECK((j < 0) == (std::ranges::find(free, i) != free.end()));
            if (j < 0) continue;
            ++joined;
            const double least = costs.kernel().two_smallest(costs.line(i), m.v.data(), n).first;
            CHECK(costs.cost(i, j) - m.v[at(j)] - least <= 1e-13 * assignments::largest(c));
        }
        CHECK(joined + static_cast<std::int64_t>(free.size()) == n);
        if (kind == 2)
            for (const double v : m.v) CHECK(v == std::floor(v));
    }
}

TEST_CASE("auction: it ends where no assignment exists, and where costs are all equal") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::int64_t n = 60;
    Matrix c(n, n, 1.0);
    const CostLines equal(Costs::of(c.data.data(), n, n));
    Matching m(equal);
    std::vector<std::int64_t> free;
    CHECK(auction(equal, m, free));
    for (std::int64_t i = 0; i < n; ++i)   // three lines share two columns: seen by paths only
        for (std::int64_t j = 0; j < n; ++j) c(i, j) = i < 3 && j >= 2 ? infinity : 1.0 / static_cast<double>(1 + i + j);
    CostLines crowded(Costs::of(c.data.data(), n, n));
    Matching found(crowded);
    CHECK(auction(crowded, found, free));
    CHECK_FALSE(match(crowded, found));
    for (std::int64_t i = 0; i < n; ++i) c(i, 7) = infinity;   // nobody may take column 7
    const CostLines lonely(Costs::of(c.data.data(), n, n));
    Matching none(lonely);
    CHECK_FALSE(auction(lonely, none, free));
}

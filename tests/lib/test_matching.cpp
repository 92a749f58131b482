#include <buffon/matching.hpp>

#include <doctest/doctest.h>

#include "assignments.hpp"

using namespace buffon;

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Lines that have a column have one of their best: dual feasible, and tight up to rounding.
void check_tight(const CostLines& costs, const Matching& m, double scale) {
    for (std::int64_t i = 0; i < costs.real_lines(); ++i) {
        const std::int64_t j = m.column_of[at(i)];
        if (j < 0) continue;
        CHECK(m.line_of[at(j)] == i);
        const double least = costs.kernel().two_smallest(costs.line(i), m.v.data(), costs.columns()).first;
        CHECK(costs.cost(i, j) - m.v[at(j)] - least <= 1e-13 * scale);
    }
}

}  // namespace

TEST_CASE("matching: reduction and every single path keep each line at one of its best columns") {
    const Matrix c = assignments::distances(40, 45, 2, 1);
    const CostLines costs(Costs::of(c.data.data(), c.rows, c.cols));
    Matching m(costs);
    Paths paths(costs, m);
    std::vector<std::int64_t> free(40);
    std::iota(free.begin(), free.end(), 0);
    free = paths.reduce(free, 2);
    CHECK(free.size() < 40);
    check_tight(costs, m, assignments::largest(c));
    for (const std::int64_t line : free) {
        const std::int64_t before = paths.scans();
        REQUIRE(paths.augment(line));
        CHECK(m.column_of[at(line)] >= 0);
        CHECK(paths.scans() > before);
        check_tight(costs, m, assignments::largest(c));
    }
    CHECK(std::ranges::find(m.column_of, -1) == m.column_of.end());
    for (std::int64_t j = 0; j < 45; ++j) CHECK((m.line_of[at(j)] < 0 ? m.v[at(j)] == 0.0 : m.v[at(j)] <= 0.0));
}

TEST_CASE("matching: paths that grow long give way to the auction, with the same optimum") {
    const Matrix c = assignments::distances(200, 230, 2, 3);   // lines of zeros, too
    CostLines costs(Costs::of(c.data.data(), c.rows, c.cols));
    Matching by_both(costs);
    REQUIRE(match(costs, by_both));
    CHECK(costs.lines() == 230);   // filled up: the auction was asked
    check_tight(costs, by_both, assignments::largest(c));

    const CostLines again(Costs::of(c.data.data(), c.rows, c.cols));
    Matching by_paths(again);
    Paths paths(again, by_paths);
    for (std::int64_t i = 0; i < 200; ++i) REQUIRE(paths.augment(i));
    double difference = 0.0;
    for (std::int64_t i = 0; i < 200; ++i)
        difference += again.cost(i, by_both.column_of[at(i)]) - again.cost(i, by_paths.column_of[at(i)]);
    CHECK(std::abs(difference) < 1e-11);
}

TEST_CASE("matching: a line whose allowed columns are taken for good has no path") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Matrix c(3, 4, infinity);
    c(0, 0) = c(0, 1) = c(1, 0) = c(1, 1) = c(2, 0) = c(2, 1) = 1.0;
    CostLines costs(Costs::of(c.data.data(), 3, 4));
    Matching m(costs);
    CHECK_FALSE(match(costs, m));
    c(2, 3) = 5.0;
    CostLines possible(Costs::of(c.data.data(), 3, 4));
    Matching found(possible);
    REQUIRE(match(possible, found));
    CHECK(found.column_of[2] == 3);
}

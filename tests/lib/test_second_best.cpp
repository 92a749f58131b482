#include <buffon/assign.hpp>
#include <buffon/second_best.hpp>

#include <doctest/doctest.h>

#include "assignments.hpp"

using namespace buffon;

namespace {

double gap_of(const Matrix& c) { return assign(Costs::of(c.data.data(), c.rows, c.cols), {.gap = true}).gap; }

}  // namespace

TEST_CASE("second best: the gap is that between the two cheapest of all assignments") {
    std::uint32_t id = 1;
    for (const auto& [rows, cols] : {std::pair{1, 2}, {2, 2}, {3, 3}, {5, 5}, {7, 7}, {2, 5}, {4, 6}, {6, 7}, {7, 3}, {5, 1}})
        for (int repeat = 0; repeat < 20; ++repeat) {
            CAPTURE(rows);
            CAPTURE(cols);
            Matrix c = assignments::uniform(rows, cols, id++);
            const auto costs = assignments::all_costs(c);
            CHECK(gap_of(c) == doctest::Approx(costs[1] - costs[0]).epsilon(1e-12));
            c = assignments::integers(rows, cols, id++, 6.0);
            const auto whole = assignments::all_costs(c);
            CHECK(gap_of(c) == whole[1] - whole[0]);   // exact, ties too
        }
}

TEST_CASE("second best: forbidden pairs do not count, and one assignment alone has an infinite gap") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (std::uint32_t id = 1; id <= 30; ++id) {
        Matrix c = assignments::uniform(5, 6, id);
        for (std::size_t k = id % 3; k < c.data.size(); k += 3) c.data[k] = infinity;
        const auto costs = assignments::all_costs(c);
        if (costs.size() < 2) continue;
        CHECK(gap_of(c) == doctest::Approx(costs[1] - costs[0]).epsilon(1e-12));
    }
    Matrix diagonal(4, 4, infinity);
    for (std::int64_t i = 0; i < 4; ++i) diagonal(i, i) = 1.0;
    CHECK(gap_of(diagonal) == infinity);
    CHECK(gap_of(Matrix(1, 1, 3.0)) == infinity);
    CHECK(gap_of(Matrix(0, 3)) == infinity);
}

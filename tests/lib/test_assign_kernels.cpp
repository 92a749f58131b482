#include <buffon/assign_kernels.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "assignments.hpp"

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Line {
    std::vector<double> c, v;
};

/// Few values: ties, forbidden pairs, columns that are done.
Line line(std::int64_t n) {
    Line l;
    l.c = assignments::integers(1, n, 1, 5.0).data;
    l.v = assignments::integers(1, n, 2, 3.0).data;
    for (std::size_t j = 0; j < l.c.size(); j += 7) l.c[j] = infinity;
    for (std::size_t j = 3; j < l.c.size(); j += 11) l.v[j] = -infinity;
    return l;
}

}  // namespace

TEST_CASE("assign kernels: every level finds the smallest, the lowest index among equals") {
    for (const Kernels* level : available_kernels())
        for (const std::int64_t n : {1, 2, 5, 8, 31, 64, 77, 200}) {
            CAPTURE(level->level);
            CAPTURE(n);
            const AssignKernels& use = assign_kernels(*level);
            const Line l = line(n);
            std::vector<std::pair<double, std::int64_t>> order;
            for (std::int64_t j = 0; j < n; ++j) {
                const auto k = static_cast<std::size_t>(j);
                if (l.c[k] - l.v[k] < infinity) order.emplace_back(l.c[k] - l.v[k], j);
            }
            std::sort(order.begin(), order.end());
            order.resize(std::max<std::size_t>(order.size(), 2), {infinity, -1});
            order.insert(order.end(), 2, {infinity, -1});
            const TwoSmallest two = use.two_smallest(l.c.data(), l.v.data(), n);
            CHECK(two.first == order[0].first);
            CHECK(two.at == order[0].second);
            CHECK(two.second == order[1].first);
            CHECK(two.next == order[1].second);

            std::vector<double> distance(l.c.size(), 2.0);
            std::vector<std::int64_t> from(l.c.size(), -1), line_of(l.c.size(), 0);
            const double least = use.relax(l.c.data(), l.v.data(), 1.0, 4, n, distance.data(), from.data());
            double expected = infinity;
            for (std::size_t j = 0; j < l.c.size(); ++j) {
                const double through = l.c[j] - l.v[j] + 1.0;
                CHECK(distance[j] == std::min(2.0, through));
                CHECK(from[j] == (through < 2.0 ? 4 : -1));
                expected = std::min(expected, distance[j]);
            }
            CHECK(least == expected);
            const auto first = static_cast<std::int64_t>(std::ranges::find(distance, least) - distance.begin());
            CHECK(use.first_within(distance.data(), least, line_of.data(), n) == first);
            for (std::int64_t j = n - 1; j >= 0; --j) {   // a free column comes before those that are taken
                if (distance[static_cast<std::size_t>(j)] > least) continue;
                line_of[static_cast<std::size_t>(j)] = -1;
                CHECK(use.first_within(distance.data(), least, line_of.data(), n) == j);
            }
        }
}

TEST_CASE("assign kernels: what is not the nearest of its class is beyond the bound, at every level") {
    for (const Kernels* level : available_kernels())
        for (const std::int64_t n : {3, 32, 45, 100, 333}) {
            CAPTURE(level->level);
            CAPTURE(n);
            const std::vector<double> c = assignments::uniform(1, n, 3).data, v = assignments::uniform(1, n, 4).data;
            double value[near_classes];
            std::int64_t column[near_classes];
            const double bound = assign_kernels(*level).nearest_of_classes(c.data(), v.data(), n, value, column);
            for (std::int64_t k = 0; k < near_classes; ++k) {
                double least = infinity;
                for (std::int64_t j = k; j < n; j += near_classes)
                    least = std::min(least, c[static_cast<std::size_t>(j)] - v[static_cast<std::size_t>(j)]);
                CHECK(value[k] == least);
                if (least < infinity)
                    CHECK(c[static_cast<std::size_t>(column[k])] - v[static_cast<std::size_t>(column[k])] == least);
            }
            double others = infinity;
            for (std::int64_t j = 0; j < n; ++j)
                if (column[j % near_classes] != j)
                    others = std::min(others, c[static_cast<std::size_t>(j)] - v[static_cast<std::size_t>(j)]);
            CHECK(bound == others);
        }
}

TEST_CASE("assign kernels: costs that are no numbers are seen wherever they stand, and fractions are no integers") {
    for (const Kernels* level : available_kernels()) {
        CAPTURE(level->level);
        const AssignKernels& use = assign_kernels(*level);
        for (const std::int64_t n : {1, 7, 8, 19}) {
            std::vector<double> c = assignments::integers(1, n, 5, 9.0).data;
            CHECK((use.usable_costs(c.data(), n) && use.whole_costs(c.data(), n)));
            for (std::size_t j = 0; j < c.size(); ++j) {
                const double kept = c[j];
                for (const double bad : {std::nan(""), -infinity, 2e300, -2e300}) {
                    c[j] = bad;
                    CHECK_FALSE(use.usable_costs(c.data(), n));
                }
                c[j] = infinity;
                CHECK((use.usable_costs(c.data(), n) && use.whole_costs(c.data(), n)));
                for (const double odd : {0.5, -1e-9, 1e16}) {
                    c[j] = odd;
                    CHECK((use.usable_costs(c.data(), n) && !use.whole_costs(c.data(), n)));
                }
                c[j] = kept;
            }
        }
    }
}

TEST_CASE("assign kernels: distances, minima of columns and widened numbers have the same bits at every level") {
    const std::int64_t n = 147, d = 3;
    const Matrix y = assignments::uniform(d, n, 6);
    const std::vector<double> x{0.1, -0.7, 0.4};
    for (const Kernels* level : available_kernels()) {
        CAPTURE(level->level);
        const AssignKernels& use = assign_kernels(*level);
        std::vector<double> square(static_cast<std::size_t>(n)), root(square);
        use.distances_to(x.data(), y.data.data(), n, d, false, square.data());
        use.distances_to(x.data(), y.data.data(), n, d, true, root.data());
        std::vector<double> smallest(static_cast<std::size_t>(n), 0.5);
        std::vector<std::int64_t> by(static_cast<std::size_t>(n), -1);
        use.column_minima(square.data(), 0.25, 3, n, smallest.data(), by.data());
        std::vector<float> single(root.begin(), root.end());
        std::vector<double> wide(static_cast<std::size_t>(n));
        use.widen(single.data(), n, wide.data());
        for (std::int64_t j = 0; j < n; ++j) {
            const auto k = static_cast<std::size_t>(j);
            double expected = 0.0;
            for (std::int64_t a = 0; a < d; ++a)
                expected += (x[static_cast<std::size_t>(a)] - y(a, j)) * (x[static_cast<std::size_t>(a)] - y(a, j));
            CHECK(square[k] == expected);
            CHECK(root[k] == std::sqrt(expected));
            CHECK(smallest[k] == std::min(0.5, expected - 0.25));
            CHECK(by[k] == (expected - 0.25 < 0.5 ? 3 : -1));
            CHECK(wide[k] == static_cast<double>(single[k]));
        }
    }
}

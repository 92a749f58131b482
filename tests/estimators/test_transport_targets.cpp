#include <buffon/transport_targets.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace buffon;

TEST_CASE("transport targets: equal points become the first of them, points without mass go") {
    Matrix points(5, 2);
    points.data = {1, 2, 3, 4, 1, 2, 5, 6, 0, 0};
    const Targets t = merge_targets(points, {0.1, 0.2, 0.3, 0.0, 0.4});
    CHECK(t.first == std::vector<std::int64_t>{0, 1, 4});
    CHECK(t.merged == std::vector<std::int64_t>{0, 1, 0, -1, 2});
    CHECK(t.masses[0] == doctest::Approx(0.4));
    CHECK(t.masses[1] == 0.2);
    CHECK(t.points.data == std::vector<double>{1, 2, 3, 4, 0, 0});
    CHECK(t.centre[0] == doctest::Approx(0.4 * 1 + 0.2 * 3));
    CHECK(t.centre[1] == doctest::Approx(0.4 * 2 + 0.2 * 4));
}

TEST_CASE("transport targets: masses are normalised and checked") {
    const Matrix points(2, 1);
    CHECK(checked_masses(points, {}) == std::vector<double>{0.5, 0.5});
    CHECK(checked_masses(points, std::vector<double>{1, 3}) == std::vector<double>{0.25, 0.75});
    CHECK_THROWS_WITH_AS(checked_masses(points, std::vector<double>{1}),
                         "transport_map: masses must have shape (n,) = (2,), got 1", std::invalid_argument);
    CHECK_THROWS_AS(checked_masses(points, std::vector<double>{1, -1}), std::invalid_argument);
    CHECK_THROWS_AS(checked_masses(points, std::vector<double>{0, 0}), std::invalid_argument);
}

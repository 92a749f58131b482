#include <buffon/transport_map.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <buffon/normal_functions.hpp>

#include "line_transport.hpp"

using namespace buffon;

TEST_CASE("transport map: two targets under a normal source have the closed form's heights") {
    Matrix points(2, 8);
    Stream{4, 0}.normal(0, points);
    double length = 0.0;
    for (std::int64_t j = 0; j < 8; ++j) length += std::pow(points(0, j) - points(1, j), 2);
    length = std::sqrt(length);
    const TransportMap map = transport_map(points, {.masses = std::vector<double>{0.3, 0.7}, .target_error = 0.005, .rng = 1});
    CHECK(map.converged);
    // heights are as uncertain as the masses: dh = |a| dw / density at the cut
    CHECK(map.heights[0] - map.heights[1] == doctest::Approx(length * normal_quantile(0.3)).epsilon(0.03));
    CHECK(0.3 * map.heights[0] + 0.7 * map.heights[1] == doctest::Approx(0.0));
    CHECK(map.draws == map.start_draws + map.step_draws + map.check_draws);
}

TEST_CASE("transport map: W2 is that of the closed form within its standard errors") {
    // a line, uniform source: cuts at the cumulative masses
    Matrix points(3, 1);
    points.data = {0.1, 0.4, 0.9};
    const std::vector<double> nu{0.2, 0.5, 0.3};
    double before = 0.0, wanted = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
        const double next = before + nu[k], y = points.data[k];
        wanted += (std::pow(next - y, 3) - std::pow(before - y, 3)) / 3;
        before = next;
    }
    const TransportMap map = transport_map(points, {.masses = nu, .source = Joint({Uniform(0, 1)}), .target_error = 0.003, .rng = 2});
    CHECK(map.heights[1] - map.heights[0] == doctest::Approx(-0.06).epsilon(0.03));
    CHECK(map.heights[2] - map.heights[0] == doctest::Approx(-0.41).epsilon(0.01));
    CHECK(std::abs(map.w2_squared.value[0] - wanted) < 5 * map.w2_squared.std_error()[0]);
    CHECK(map.w2().value[0] == doctest::Approx(std::sqrt(map.w2_squared.value[0])));
    CHECK(map.cell(Matrix(1, 1, 0.1)) == std::vector<std::int64_t>{0});
    CHECK(map.cell(Matrix(1, 1, 0.5)) == std::vector<std::int64_t>{1});
    CHECK(map(Matrix(1, 1, 0.99)).data == std::vector<double>{0.9});
}

TEST_CASE("transport map: equal points share a height and the first has their mass, unwanted ones get nothing") {
    Matrix points(4, 1);
    points.data = {0.2, 0.8, 0.2, 0.5};
    const TransportMap map = transport_map(points, {.masses = std::vector<double>{1, 2, 1, 0}, .source = Joint({Uniform(0, 1)}), .rng = 1});
    CHECK(map.heights[0] == map.heights[2]);
    CHECK(map.heights[3] == -std::numeric_limits<double>::infinity());
    CHECK(map.wanted == std::vector<double>{0.5, 0.5, 0.0, 0.0});
    CHECK(map.masses[2] == 0.0);
    CHECK(map.masses[0] == doctest::Approx(0.5).epsilon(0.02));
    CHECK(map.empty == 0);
}

TEST_CASE("transport map: translations and relabelling change nothing but what they must") {
    Matrix points(6, 2);
    Stream{4, 1}.normal(0, points);
    const TransportOptions options{.target_error = 0.0, .budget = 1'000'000, .rng = 5};
    const TransportMap map = transport_map(points, options);
    Matrix moved = points;
    for (std::int64_t i = 0; i < 6; ++i) moved(i, 0) += 3.0;   // under a centred source heights stay
    const TransportMap other = transport_map(moved, options);
    for (std::size_t i = 0; i < 6; ++i) CHECK(other.heights[i] == doctest::Approx(map.heights[i]).epsilon(1e-3));
    CHECK(other.w2_squared.value[0] > map.w2_squared.value[0]);
}

TEST_CASE("transport map: the same key gives the same bits on any number of threads") {
    Matrix points(520, 5);
    Stream{4, 1}.normal(0, points);
    TransportOptions options{.target_error = 0.0, .budget = 600'000, .rng = 5, .threads = 1};
    const TransportMap one = transport_map(points, options);
    options.threads = 3;
    const TransportMap three = transport_map(points, options);
    CHECK(one.heights == three.heights);
    CHECK(one.masses == three.masses);
    CHECK(one.w2_squared.value == three.w2_squared.value);
    CHECK(one.rng_key == 5);
}

TEST_CASE("transport map: a search goes on from the heights of an earlier one, and ends at once where they serve") {
    Matrix points(30, 2);
    Stream{4, 1}.normal(0, points);
    const TransportMap exact = transport_map(points, {.method = TransportMethod::newton});
    const TransportMap same = transport_map(points, {.target_error = 0.01, .heights = exact.heights, .rng = 1});
    CHECK(same.steps == 0);
    CHECK(same.converged);
    const TransportMap rough = transport_map(points, {.target_error = 0.0, .budget = 1'000'000, .rng = 2});
    const TransportMap on = transport_map(points, {.target_error = 0.0, .budget = 6'000'000, .heights = rough.heights, .rng = 3});
    const TransportMap before = rough.check(2'000'000, 7), after = on.check(2'000'000, 7);
    MESSAGE("L1 ", before.mass_error.value[0], " -> ", after.mass_error.value[0]);
    CHECK(after.mass_error.value[0] < 0.6 * before.mass_error.value[0]);
}

TEST_CASE("transport map: bad input is refused in words") {
    Matrix points(2, 2, 1.0);
    CHECK_THROWS_WITH_AS(transport_map(Matrix(0, 2)), "transport_map: points must have shape (n, d) with n, d >= 1, got (0, 2)", std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.source = Joint({Normal()})}), std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.target_error = -1.0}), std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.budget = 10}), std::invalid_argument);
    CHECK_THROWS_AS(transport_map(points, {.source = Joint({Normal(), StudentT(1.5, 0, 1)})}), std::invalid_argument);
    points(0, 0) = std::nan("");
    CHECK_THROWS_AS(transport_map(points), std::invalid_argument);
}

TEST_CASE("transport map: one target takes everything") {
    const TransportMap map = transport_map(Matrix(3, 2, 1.0), {.rng = 1});
    CHECK(map.converged);
    CHECK(map.masses[0] == 1.0);
    CHECK(map.w2_squared.value[0] == doctest::Approx(4.0));   // E|x - (1, 1)|^2
}

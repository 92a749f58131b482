#include <buffon/exact_transport.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <buffon/transport_map.hpp>

#include "line_transport.hpp"

using namespace buffon;

namespace {

Distribution square() { return Joint({Uniform(0, 1), Uniform(0, 1)}); }

}  // namespace

TEST_CASE("exact transport: on a line heights and distance are those of the closed forms, for a uniform and a normal source") {
    const Line line;
    const ExactHeights found = line_heights(Line::source(), line.y, line.nu);
    for (std::size_t k = 0; k < 5; ++k) CHECK(std::abs(found.heights[k] - line.heights[k]) < 1e-14);
    Matrix points(3, 1);
    points.data = {0.4, 0.1, 0.9};   // not sorted
    const TransportMap map = transport_map(points, {.masses = std::vector<double>{0.5, 0.2, 0.3},
                                                    .source = Joint({Uniform(0, 1)}),
                                                    .method = TransportMethod::newton});
    CHECK(map.heights[0] - map.heights[1] == doctest::Approx(-0.06).epsilon(1e-13));
    CHECK(map.heights[2] - map.heights[1] == doctest::Approx(-0.41).epsilon(1e-13));
    const double wanted = (std::pow(0.1, 3) + std::pow(0.1, 3) + std::pow(0.3, 3) + std::pow(0.2, 3) +
                           std::pow(0.1, 3) + std::pow(0.2, 3)) /
                          3;
    CHECK(std::abs(map.w2_squared.value[0] - wanted) < 1e-12);
    CHECK(map.converged);
    CHECK(map.draws == 0);
    CHECK(map.w2_squared.std_error()[0] == 0.0);
}

TEST_CASE("exact transport: W2 on a line from a normal source, half to each of two points, is that of the half-normal law") {
    Matrix points(2, 1);
    points.data = {2.0, -1.0};   // E|x - y|^2 = 1 + (4 + 1) / 2 - 2 E[x T(x)], E[x T(x)] = 3 density(0)
    const TransportMap map = transport_map(points, {.method = TransportMethod::newton});
    CHECK(std::abs(map.w2_squared.value[0] - (3.5 - 6 / std::sqrt(2 * 3.14159265358979323846))) < 1e-12);
}

TEST_CASE("exact transport: two targets in the plane are cut at the quantile, for a uniform and a normal source") {
    Matrix points(2, 2);
    points(0, 0) = 0.7;
    const TransportMap map = transport_map(
        points, {.masses = std::vector<double>{0.3, 0.7}, .source = square(), .method = TransportMethod::newton});
    CHECK(std::abs(map.heights[1] - map.heights[0] - 0.7 * (1 - 0.3)) < 1e-10);
    Matrix covariance(2, 2);
    covariance(0, 0) = 2.0;
    covariance(1, 1) = 0.5;
    covariance(0, 1) = covariance(1, 0) = 0.6;
    points(0, 1) = -0.4;
    const TransportMap normal = transport_map(points, {.masses = std::vector<double>{0.3, 0.7},
                                                       .source = MultivariateNormal({1.0, -2.0}, covariance),
                                                       .method = TransportMethod::newton});
    const double mean = 0.7 * 1.0 + 0.4 * 2.0, variance = 0.49 * 2.0 + 0.16 * 0.5 - 2 * 0.28 * 0.6;
    CHECK(std::abs(normal.heights[1] - normal.heights[0] - (mean - std::sqrt(variance) * normal_quantile(0.3))) < 1e-10);
}

TEST_CASE("exact transport: a cross of four targets is symmetric, and its distance is that of four quarters") {
    Matrix points(4, 2);
    points(0, 0) = points(1, 1) = 1.0;
    points(2, 0) = points(3, 1) = -1.0;
    const TransportMap map = transport_map(points, {.method = TransportMethod::newton});
    for (const double h : map.heights) CHECK(std::abs(h) < 1e-10);
    // E max(|x1|, |x2|) = 2 / sqrt(pi)
    CHECK(std::abs(map.w2_squared.value[0] - (2 + 1 - 2 * 2 / std::sqrt(3.14159265358979323846))) < 1e-10);
}

TEST_CASE("exact transport: random and clustered targets reach their masses, and draws agree") {
    Matrix points(150, 2);
    Stream{3, 3}.normal(0, points);
    for (std::int64_t i = 0; i < 100; ++i)
        for (std::int64_t j = 0; j < 2; ++j) points(i, j) = 0.05 * points(i, j) + 2;
    for (const Distribution& source : {square(), Distribution(Joint({Normal(), Normal()}))}) {
        const TransportMap map = transport_map(points, {.source = source, .method = TransportMethod::newton});
        CHECK(map.converged);
        CHECK(map.empty == 0);
        CHECK(map.mass_error.value[0] < 1e-10);
        MESSAGE(map.steps, " steps");
        const TransportMap drawn = map.check(500'000, 5);
        CHECK(drawn.mass_error.diagnostics.contains("chi_squared"));
        CHECK(drawn.mass_error.confidence_interval(0.999).first[0] < 0.002);   // where the truth is 0
        CHECK(std::abs(drawn.w2_squared.value[0] - map.w2_squared.value[0]) < 5 * drawn.w2_squared.std_error()[0]);
    }
}

TEST_CASE("exact transport: other sources and dimensions are refused in words") {
    CHECK_THROWS_AS(transport_map(Matrix(2, 3, 1.0), {.method = TransportMethod::newton}), std::invalid_argument);
    Matrix points(2, 2);
    points(1, 1) = 1.0;
    CHECK_THROWS_AS(transport_map(points, {.source = Joint({Normal(), Uniform()}), .method = TransportMethod::newton}),
                    std::invalid_argument);
}

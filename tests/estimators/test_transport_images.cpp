#include <buffon/transport_images.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <buffon/transport_map.hpp>

using namespace buffon;

namespace {

/// Four points on a line: two clusters of two, far from each other.
TransportMap two_clusters() {
    Matrix points(4, 1);
    points.data = {-3.0, -2.8, 2.8, 3.0};
    return transport_map(points, {.method = TransportMethod::newton});
}

}  // namespace

TEST_CASE("transport images: the best cells are in the order of their scores, ties by index, and unwanted ones last") {
    Matrix points(4, 2);
    points.data = {1, 0, 0, 1, 1, 0, -1, -1};
    const std::vector<double> heights{0.0, 0.5, 0.0, -std::numeric_limits<double>::infinity()};
    Matrix x(1, 2, 1.0);
    const BestCells best = best_cells(points, heights, x, 4, 1);
    CHECK(best.cells == std::vector<std::int64_t>{1, 0, 2, 3});
    CHECK(best.scores.data[0] == 1.5);
    CHECK(best.scores.data[1] == 1.0);
    CHECK(best.scores.data[3] == -std::numeric_limits<double>::infinity());
}

TEST_CASE("transport images: angles are those of the planes over scaled points, to the last digits of small ones") {
    Matrix points(2, 1);
    points.data = {1.0, 3.0};   // centred and scaled: -1 and 1
    CHECK(FacetAngles(points, std::vector<double>{0.5, 0.5})(0, 1) == doctest::Approx(std::acos(0.0)));
    Matrix three(3, 1);
    three.data = {-1.0, 1.0, 1.0 + 1e-9};
    const double angle = FacetAngles(three, std::vector<double>{0.5, 0.5, 0.0})(1, 2);
    CHECK(angle == doctest::Approx(0.5e-9).epsilon(1e-6).scale(0));   // d atan(y) = dy / (1 + y^2)
}

TEST_CASE("transport images: between two targets of one cluster, never between clusters") {
    const TransportMap map = two_clusters();
    const Matrix centroids = map.centroids(400'000, 1);
    // quarters of the normal law: means -+1.27 and -+0.325
    CHECK(centroids(0, 0) == doctest::Approx(-1.271).epsilon(0.01));
    CHECK(centroids(1, 0) == doctest::Approx(-0.325).epsilon(0.02));
    Matrix x(3, 1);
    x.data = {-0.8, 0.01, -1.271};
    const TransportBetween near = map.between(x, centroids, 2, 0.5);
    const double a = 1 / (1.271 - 0.8), b = 1 / (0.8 - 0.325);
    CHECK(near.images(0, 0) == doctest::Approx((-3.0 * a - 2.8 * b) / (a + b)).epsilon(1e-3));
    CHECK(near.used == std::vector<std::int64_t>{2, 1, 2});
    CHECK(near.images(1, 0) == 2.8);
    const TransportBetween without_test = map.between(x, centroids, 2, 10.0);
    CHECK(std::abs(without_test.images(1, 0)) < 1.0);
    CHECK(map.between(x, centroids, 1, 0.5).images.data == map(x).data);
    CHECK_THROWS_AS(map.between(x, centroids, 5, 0.5), std::invalid_argument);
    CHECK_THROWS_AS(map.between(x, Matrix(1, 1), 2, 0.5), std::invalid_argument);
}

TEST_CASE("transport images: the map is the gradient of its potential, and rows know their distance to the next facet") {
    const TransportMap map = two_clusters();
    Matrix x(2, 1), moved(2, 1);
    x.data = {-0.5, 0.3};
    moved.data = {-0.5 + 1e-3, 0.3 + 1e-3};
    const auto u = map.potential(x), v = map.potential(moved);
    for (std::int64_t i = 0; i < 2; ++i)
        CHECK((v[static_cast<std::size_t>(i)] - u[static_cast<std::size_t>(i)]) / 1e-3 ==
              doctest::Approx(map(x)(i, 0)));
    // of the second best score: at 0.3 that of 3, whose cut is at 0.6745, though the cut at 0 is nearer
    CHECK(map.facet_distance(x)[1] == doctest::Approx(0.6745 - 0.3).epsilon(1e-3));
    CHECK(map.facet_distance(x)[0] == doctest::Approx(0.6745 - 0.5).epsilon(1e-3));
    CHECK(map.angle(x)[0] < 0.1);
    CHECK(map.angle(Matrix(1, 1, 0.01))[0] > 1.0);
    CHECK(map.facet_distance(Matrix(1, 1, 0.01))[0] == doctest::Approx(0.01));
}

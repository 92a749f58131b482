#include <buffon/nearest_point.hpp>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("nearest_point: one half-space gives the foot of the perpendicular, inside or outside") {
    const auto out = nearest_point({{3, 4}}, {-10});   // 3 a + 4 b = 10: distance 2
    REQUIRE(out);
    CHECK((*out)[0] == doctest::Approx(1.2));
    CHECK((*out)[1] == doctest::Approx(1.6));
    const auto in = nearest_point({{3, 4}}, {10});
    REQUIRE(in);
    CHECK((*in)[0] == doctest::Approx(-1.2));
}

TEST_CASE("nearest_point: of two half-spaces the corner counts where it must, and only there") {
    const auto corner = nearest_point({{1, 0}, {0, 1}}, {-2, -3});   // a >= 2, b >= 3
    REQUIRE(corner);
    CHECK((*corner)[0] == doctest::Approx(2));
    CHECK((*corner)[1] == doctest::Approx(3));
    const auto face = nearest_point({{1, 0}, {0, 1}}, {-2, 1});      // a >= 2, b >= -1: b is free
    REQUIRE(face);
    CHECK((*face)[0] == doctest::Approx(2));
    CHECK((*face)[1] == doctest::Approx(0));
}

TEST_CASE("nearest_point: parallel half-spaces take the further one, opposite ones have no common point") {
    const auto further = nearest_point({{1, 0}, {1, 0}}, {-2, -3});
    REQUIRE(further);
    CHECK((*further)[0] == doctest::Approx(3));
    CHECK(!nearest_point({{1, 0}, {-1, 0}}, {-2, -3}));
}

#include <buffon/nearest_covariance.hpp>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("nearest covariance: what is one already stays, bit for bit") {
    Matrix c(2, 2, 0.3);
    c(0, 0) = 1;
    c(1, 1) = 4;
    CHECK(nearest_covariance(c).data == c.data);
}

TEST_CASE("nearest covariance: impossible correlations give way, variances stay") {
    Matrix c(3, 3, -0.9);   // three numbers cannot all be opposed to each other
    for (std::int64_t i = 0; i < 3; ++i) c(i, i) = 1;
    for (std::int64_t i = 0; i < 3; ++i) c(2, i) *= 10, c(i, 2) *= 10;
    const Matrix out = nearest_covariance(c);
    CHECK(out(0, 0) == 1);
    CHECK(out(2, 2) == 100);
    CHECK(out(0, 1) == doctest::Approx(-0.5));   // the most that they can
    CHECK(out(0, 2) == doctest::Approx(-5));
    CHECK(out(2, 0) == out(0, 2));
}

#include <buffon/sample.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace buffon;

TEST_CASE("appended rows follow the earlier ones") {
    Sample s;
    CHECK(s.n() == 0);
    s.append(Matrix(2, 3, 1.0), Matrix(2, 1, 5.0));
    s.append(Matrix(0, 3), Matrix(0, 1));
    s.append(Matrix(1, 3, 2.0), Matrix(1, 1, 6.0));
    CHECK(s.n() == 3);
    CHECK(s.x.cols == 3);
    CHECK(s.x(1, 2) == 1.0);
    CHECK(s.x(2, 0) == 2.0);
    CHECK(s.y.data == std::vector<double>{5.0, 5.0, 6.0});
}

TEST_CASE("rows of another width, or of different number, are refused") {
    Sample s;
    CHECK_THROWS_WITH_AS(s.append(Matrix(2, 3), Matrix(1, 1)), "Sample: x and y must have equally many rows, got 2 and 1", std::invalid_argument);
    s.append(Matrix(2, 3), Matrix(2, 1));
    CHECK_THROWS_WITH_AS(s.append(Matrix(2, 4), Matrix(2, 1)), "Sample: x must have 3 columns, got 4", std::invalid_argument);
    CHECK_THROWS_WITH_AS(s.append(Matrix(2, 3), Matrix(2, 2)), "Sample: y must have 1 columns, got 2", std::invalid_argument);
}

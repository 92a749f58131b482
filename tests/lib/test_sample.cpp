#include <buffon/sample.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
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
    CHECK_THROWS_WITH_AS(s.append(Matrix(2, 3), Matrix(1, 1)),
                         "Sample: x and y must have equally many rows, got 2 and 1", std::invalid_argument);
    s.append(Matrix(2, 3), Matrix(2, 1));
    CHECK_THROWS_WITH_AS(s.append(Matrix(2, 4), Matrix(2, 1)), "Sample: x must have 3 columns, got 4", std::invalid_argument);
    CHECK_THROWS_WITH_AS(s.append(Matrix(2, 3), Matrix(2, 2)), "Sample: y must have 1 columns, got 2", std::invalid_argument);
}

TEST_CASE("a run has failed when one of its outputs is not finite") {
    Sample s;
    Matrix y(4, 2, 1.0);
    y(1, 0) = std::nan("");
    y(3, 1) = std::numeric_limits<double>::infinity();
    s.append(Matrix(4, 1), y);
    CHECK(s.n_failed() == 2);
    CHECK(s.succeeded(0));
    CHECK_FALSE(s.succeeded(3));
}

TEST_CASE("rows that stand for a law know the density they were drawn from") {
    Sample drawn, weighted, tilted;
    for (Sample* s : {&drawn, &weighted, &tilted}) s->append(Matrix(2, 1, 1.0), Matrix(2, 1));
    const double f = -0.5 - 0.91893853320467274;   // log density of a standard normal law at 1
    drawn.stands_for(Univariate(Normal()));
    CHECK(drawn.log_density[0] == doctest::Approx(f));
    CHECK(drawn.equally_weighted());
    weighted.stands_for(Univariate(Normal()), {std::log(0.5), std::log(1.5)});
    CHECK(weighted.log_density[1] == doctest::Approx(f - std::log(1.5)));
    CHECK(weighted.log_weight()[0] == doctest::Approx(std::log(0.5)));
    CHECK_FALSE(weighted.equally_weighted());
    tilted.log_density = {-2.0, -2.0};
    tilted.stands_for(Univariate(Normal()));
    CHECK(tilted.log_density[0] == -2.0);
    CHECK(tilted.log_weight()[0] == doctest::Approx(f + 2.0));
    CHECK_THROWS_WITH_AS(drawn.stands_for(Joint({Normal(), Normal()})),
                         "Sample: law must have one coordinate per input, 1, got 2", std::invalid_argument);
}

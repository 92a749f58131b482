#include <buffon/given_rows.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include <buffon/plain.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

TEST_CASE("given rows: failed ones are left out, outputs have mean 0 and variance 1, and all of it is told") {
    Sample s = *plain(testing::ishigami().problem, {.budget = 200, .rng = 1, .keep = Keep::sample}).sample;
    for (std::int64_t i = 0; i < 20; ++i) s.y(10 * i, 0) = std::nan("");
    const GivenRows rows("test", s, 30, 1);
    REQUIRE(rows.y.rows == 180);
    CHECK(rows.x(0, 0) == s.x(1, 0));
    double sum = 0, square = 0;
    for (const double v : rows.y.data) sum += v, square += v * v;
    CHECK(std::abs(sum) < 1e-10);
    CHECK(square == doctest::Approx(179).epsilon(1e-12));
    Estimate e;
    rows.describe(s, e);
    CHECK(e.names == std::vector<std::string>{"x1", "x2", "x3"});
    CHECK(e.n_failed == 20);
    REQUIRE(e.warnings.size() == 2);
    CHECK(e.warnings[0].find("20 of 200 evaluations failed") == 0);
    CHECK(e.warnings[1].find("only 180 rows") == 0);
    CHECK_THROWS_WITH_AS(GivenRows("test", s, 181, 1),
                         "test: the sample must have at least 181 rows that succeeded, got 180", std::invalid_argument);
}

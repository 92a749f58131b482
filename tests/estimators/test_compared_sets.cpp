#include <buffon/compared_sets.hpp>

#include <algorithm>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("block_of: every row is in one block") {
    Matrix x(11, 2);
    for (std::int64_t i = 0; i < 11; ++i) x(i, 0) = static_cast<double>(i), x(i, 1) = -x(i, 0);
    double sum = 0;
    std::int64_t rows = 0;
    for (std::int64_t b = 0; b < 4; ++b) {
        const Matrix block = block_of(x, b, 4);
        rows += block.rows;
        for (std::int64_t i = 0; i < block.rows; ++i) {
            CHECK(block(i, 0) == static_cast<double>(b + 4 * i));
            sum += block(i, 1);
        }
    }
    CHECK(rows == 11);
    CHECK(sum == -55);
}

TEST_CASE("covariance_of_mean: by hand") {
    Matrix x(3, 2);
    x.data = {1, 0, 2, 0, 3, 3};
    const Matrix c = covariance_of_mean(x);
    CHECK(c(0, 0) == doctest::Approx(1.0 / 3));
    CHECK(c(0, 1) == doctest::Approx(0.5));
    CHECK(c(1, 1) == doctest::Approx(1.0));
    CHECK(column_means(x) == std::vector<double>{2, 1});
}

TEST_CASE("spread_rows: runs of all parts, no row twice, all of few") {
    for (const std::int64_t rows : {1, 5, 40, 41, 47, 1000}) {
        CAPTURE(rows);
        Matrix x(rows, 1);
        for (std::int64_t i = 0; i < rows; ++i) x(i, 0) = static_cast<double>(i);
        const Matrix some = spread_rows(x, 40);
        REQUIRE(some.rows == std::min<std::int64_t>(rows, 40));
        CHECK(some(0, 0) == 0);
        CHECK(some(some.rows - 1, 0) == static_cast<double>(rows - 1));
        double widest = 0;
        for (std::int64_t i = 1; i < some.rows; ++i) {
            CHECK(some(i, 0) > some(i - 1, 0));
            widest = std::max(widest, some(i, 0) - some(i - 1, 0));
        }
        CHECK(widest <= static_cast<double>(rows) / 31 + 1);
    }
    CHECK(spread_runs(10, 1) == std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 1}});
}

TEST_CASE("names_of: names, numbers, or the metric") {
    const PointSets two{{Matrix(1, 1), Matrix(1, 1)}, {}}, one{{Matrix(1, 1)}, {}};
    CHECK(names_of("prdc", two) == std::vector<std::string>{"0", "1"});
    CHECK(names_of("prdc", one) == std::vector<std::string>{"prdc"});
    CHECK(name_of(two, 1) == "x[1]");
    CHECK_THROWS_WITH(check_sets("f", two, Matrix(3, 1), 2), "f: x[0] must have at least 2 rows, got 1");
}

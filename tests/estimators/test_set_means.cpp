#include <buffon/set_means.hpp>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

TEST_CASE("set_means: means of functions of rows, samples of equal size covary row by row, on any number of threads") {
    Matrix a(9000, 2), b(9000, 2), c(50, 2);   // more than two blocks
    Stream{1, 0}.normal(0, a);
    Stream{2, 0}.normal(0, c);
    for (std::size_t i = 0; i < a.data.size(); ++i) b.data[i] = 3 - 2 * a.data[i];
    const PointSets x{{a, c, b}, {}};
    const RowFunctions functions = [](std::int64_t s, ConstView rows, View out) {
        for (std::int64_t i = 0; i < rows.rows; ++i)
            out(i, 0) = rows(i, 0), out(i, 1) = rows(i, 1) * rows(i, 1) + static_cast<double>(s);
    };
    const SetMeans one = set_means(x, 2, 1, functions), three = set_means(x, 2, 3, functions);
    CHECK(one.value == three.value);
    CHECK(one.covariance.data == three.covariance.data);
    std::vector<std::int64_t> told;
    const SetMeans watched = set_means(x, 2, 2, functions, [&](std::int64_t rows) { told.push_back(rows); });
    CHECK(watched.covariance.data == one.covariance.data);
    CHECK(told == std::vector<std::int64_t>{50, 18'000});   // size by size
    double mean = 0, square = 0;
    for (std::int64_t i = 0; i < 9000; ++i) mean += a(i, 0) / 9000, square += a(i, 0) * a(i, 0) / 9000;
    CHECK(one.value[0] == doctest::Approx(mean));
    CHECK(one.value[4] == doctest::Approx(3 - 2 * mean));
    CHECK(one.covariance(0, 0) == doctest::Approx((square - mean * mean) / 8999));
    CHECK(one.covariance(0, 4) == doctest::Approx(-2 * one.covariance(0, 0)));
    CHECK(one.covariance(0, 2) == 0);   // of another size
    CHECK(one.value[3] == doctest::Approx(2).epsilon(0.3));
}

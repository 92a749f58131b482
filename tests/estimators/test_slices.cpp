#include <buffon/slices.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>
#include <buffon/wasserstein.hpp>

using namespace buffon;

TEST_CASE("slices: directions have length one and depend on their index alone") {
    for (std::int64_t l = 0; l < 5; ++l) {
        double square = 0.0;
        for (const double v : direction_of(3, l, 7)) square += v * v;
        CHECK(square == doctest::Approx(1.0).epsilon(1e-14));
    }
    CHECK(direction_of(3, 2, 7) == direction_of(3, 2, 7));
    CHECK(direction_of(3, 2, 7) != direction_of(3, 3, 7));
}

TEST_CASE("slices: potentials rise by twice the way that quantiles have to go, and their means have that variance") {
    Matrix x(2, 1), y(2, 1);
    x.data = {0.0, 1.0};
    y.data = {2.0, 3.0};
    const SliceSums sums = slice_sums({x}, y, {.key = 1, .directions = 4, .progress = {}}, 1);
    for (std::int64_t l = 0; l < 4; ++l) CHECK(sums.squares(l, 0) == doctest::Approx(4.0));
    const double of_x = 1.0 * (0 + 1 - 2 - 3), of_y = 1.0 * (2 + 3 - 0 - 1);   // of a pair that far apart the mean's variance is:
    CHECK(sums.covariance(0, 0) == doctest::Approx((of_x * of_x + of_y * of_y) / 4));
    CHECK(sums.own == doctest::Approx(1.0));   // row 0 against row 1
}

TEST_CASE("slices: squares are those of the matching of the projections") {
    Matrix x(40, 3), y(40, 3), px(40, 1), py(40, 1);
    Stream{5, 0}.normal(0, x.view());
    Stream{5, 1}.normal(0, y.view());
    const SliceSums sums = slice_sums({x}, y, {.key = 9, .directions = 3, .progress = {}}, 1);
    for (std::int64_t l = 0; l < 3; ++l) {
        const std::vector<double> direction = direction_of(9, l, 3);
        for (std::int64_t i = 0; i < 40; ++i) {
            px(i, 0) = py(i, 0) = 0.0;
            for (std::int64_t j = 0; j < 3; ++j)
                px(i, 0) += x(i, j) * direction[static_cast<std::size_t>(j)],
                    py(i, 0) += y(i, j) * direction[static_cast<std::size_t>(j)];
        }
        CHECK(sums.squares(l, 0) == doctest::Approx(std::pow(wasserstein(px, py).distance, 2)));
    }
}

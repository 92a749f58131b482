#include <buffon/entropic_images.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <buffon/stream.hpp>

#include "entropic_line.hpp"

using namespace buffon;

TEST_CASE("entropic images: weights are the plan's shares, images their means, to rounding") {
    const EntropicLine exact(0.5);
    Matrix x(200, 1);
    Stream{3, 0}.normal(0, x);
    const Matrix weights = entropic_weights(exact.line.y, exact.heights(), exact.width(), x, 2);
    const Matrix images = entropic_images(exact.line.y, exact.heights(), exact.width(), x, 2);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const std::vector<double> p = exact.shares(x(i, 0), exact.heights());
        double mean = 0.0;
        for (std::int64_t k = 0; k < 5; ++k) {
            CHECK(weights(i, k) == doctest::Approx(p[static_cast<std::size_t>(k)]).epsilon(1e-12));
            mean += p[static_cast<std::size_t>(k)] * exact.line.y(k, 0);
        }
        CHECK(images(i, 0) == doctest::Approx(mean).epsilon(1e-12));
    }
}

TEST_CASE("entropic images: they are the potential's gradient; a point without height has no part") {
    Matrix points(7, 3), x(70, 3);
    Stream{3, 1}.normal(0, points);
    Stream{3, 2}.normal(0, x);
    std::vector<double> heights{0.1, -0.2, 0.3, 0.0, -std::numeric_limits<double>::infinity(), 0.2, -0.1};
    const Matrix images = entropic_images(points, heights, 0.3, x, 1), weights = entropic_weights(points, heights, 0.3, x, 1);
    for (std::int64_t j = 0; j < 3; ++j) {
        Matrix up = x, down = x;
        for (std::int64_t i = 0; i < x.rows; ++i) {
            up(i, j) += 1e-5;
            down(i, j) -= 1e-5;
        }
        const auto above = entropic_potential(points, heights, 0.3, up, 1),
                   below = entropic_potential(points, heights, 0.3, down, 1);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            const auto k = static_cast<std::size_t>(i);
            CHECK(images(i, j) == doctest::Approx((above[k] - below[k]) / 2e-5).epsilon(1e-6));
        }
    }
    for (std::int64_t i = 0; i < x.rows; ++i) CHECK(weights(i, 4) == 0.0);
}

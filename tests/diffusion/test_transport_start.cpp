#include <buffon/diffusion/transport_start.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <buffon/diffusion/empirical.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

/// Three points on a line with masses 0.2, 0.5, 0.3, exactly.
TransportMap line() {
    Matrix y(3, 1);
    y.data = {-2.0, 0.5, 1.0};
    return transport_map(y, {.masses = std::vector<double>{0.2, 0.5, 0.3}, .method = TransportMethod::newton});
}

}  // namespace

TEST_CASE("transport_start: starts have the law of the points with noise") {
    const std::int64_t n = 200'000;
    const double mean = 0.2 * -2.0 + 0.5 * 0.5 + 0.3 * 1.0, square = 0.2 * 4.0 + 0.5 * 0.25 + 0.3;
    for (const double level : {0.1, 2.0}) {
        const TransportStart start = transport_start(line(), n, level, {.rng = 3});
        double sum = 0.0, squares = 0.0, second = 0.0;
        for (std::int64_t i = 0; i < n; ++i) {
            sum += start.x(i, 0);
            squares += start.x(i, 0) * start.x(i, 0);
            second += start.cell[static_cast<std::size_t>(i)] == 1;
        }
        const double variance = square - mean * mean + level * level;
        CHECK(std::abs(sum / n - mean) < 5 * std::sqrt(variance / n));
        // a fourth moment below that of a normal law of the same variance, about the mean
        CHECK(std::abs(squares / n - mean * mean - variance) < 5 * std::sqrt(3.0 / n) * (variance + mean * mean));
        CHECK(std::abs(second / n - 0.5) < 5 * std::sqrt(0.25 / n));
    }
}

TEST_CASE("transport_start: the exact flow of the points' own denoiser returns to them in their shares, from any level") {
    const TransportMap map = line();
    const Denoiser model = Empirical(map.points, {.weights = map.wanted});
    for (const double level : {0.3, 3.0}) {
        SampleOptions options;
        const std::int64_t n = 4000;
        options.x = transport_start(map, n, level, {.rng = 4}).x;
        options.level = level;
        const Matrix x = sample(model, rk45(EDM(), {}, {}), options).x;
        std::vector<double> share(3, 0.0);
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t k = 0; k < 3; ++k)
                share[static_cast<std::size_t>(k)] +=
                    (std::abs(x(i, 0) - map.points(k, 0)) < 0.02) / static_cast<double>(n);
        for (std::size_t k = 0; k < 3; ++k)
            CHECK(std::abs(share[k] - map.wanted[k]) < 5 * std::sqrt(map.wanted[k] * (1 - map.wanted[k]) / n));
    }
}

TEST_CASE("transport_start: noise of the points is left as it is, and a schedule sets the coordinates") {
    const TransportMap map = line();
    const TransportStart plain = transport_start(map, 50, 0.5, {.noise = StartNoise::points, .rng = 1});
    CHECK(plain.x.data == map(plain.source).data);
    CHECK(plain.cell == map.cell(plain.source));
    CHECK(plain.used == std::vector<std::int64_t>(50, 1));
    const Matrix fresh = transport_start(map, 50, 0.5, {.rng = 1}).x,
                 preserved = transport_start(map, 50, 0.5, {.schedule = VP(), .rng = 1}).x;
    for (std::size_t i = 0; i < 50; ++i)
        CHECK(preserved.data[i] ==
              doctest::Approx(fresh.data[i] / std::sqrt(1.25)).epsilon(1e-10));   // alpha^2 (1 + level^2) = 1
}

TEST_CASE("transport_start: a start is the same alone; images between points are those of the map") {
    const TransportMap map = line();
    const Matrix centroids = map.centroids(10'000, 5);
    const TransportStartOptions options{.noise = StartNoise::points, .centroids = centroids, .k = 2, .angle = 0.4, .rng = 2};
    const TransportStart many = transport_start(map, 300, 0.5, options), few = transport_start(map, 7, 0.5, options);
    CHECK(std::equal(few.x.data.begin(), few.x.data.end(), many.x.data.begin()));
    const TransportBetween found = map.between(many.source, centroids, 2, 0.4);
    CHECK(many.x.data == found.images.data);
    CHECK(many.used == found.used);
    CHECK(std::ranges::count(many.used, 2) > 50);
    CHECK(std::ranges::count(many.used, 1) > 10);   // -2 is apart
    const Matrix noisy = transport_start(map, 300, 0.5, {.rng = 2}).x, alone = transport_start(map, 7, 0.5, {.rng = 2}).x;
    CHECK(std::equal(alone.data.begin(), alone.data.end(), noisy.data.begin()));
}

TEST_CASE("transport_start: bad arguments are refused") {
    const TransportMap map = line();
    CHECK_THROWS_AS(transport_start(map, 0, 0.5), std::invalid_argument);
    CHECK_THROWS_AS(transport_start(map, 5, 0.0), std::invalid_argument);
    CHECK_THROWS_AS(transport_start(map, 5, INFINITY), std::invalid_argument);
    CHECK_THROWS_AS(transport_start(map, 5, 0.5, {.k = 2}), std::invalid_argument);
    CHECK_THROWS_AS(transport_start(map, 5, 0.5, {.centroids = map.points, .k = 2}), std::invalid_argument);
    CHECK_THROWS_AS(transport_start(map, 5, 0.5, {.centroids = map.points, .k = 4, .angle = 1.0}), std::invalid_argument);
    CHECK_THROWS_AS(transport_start(map, 5, 0.5, {.schedule = MeanReverting(0.5)}), std::invalid_argument);
}

#include <buffon/wasserstein.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "assignments.hpp"

using namespace buffon;

namespace {

Matrix pair_costs(const Matrix& x, const Matrix& y, int order) {
    Matrix c(x.rows, y.rows);
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t j = 0; j < y.rows; ++j) {
            for (std::int64_t k = 0; k < x.cols; ++k) c(i, j) += std::pow(x(i, k) - y(j, k), 2);
            if (order == 1) c(i, j) = std::sqrt(c(i, j));
        }
    return c;
}

double distance(double mean, int order) { return order == 1 ? mean : std::sqrt(mean); }

}  // namespace

TEST_CASE("wasserstein: the least of all matchings, sorted, in a table or without one") {
    std::uint32_t id = 1;
    for (const std::int64_t d : {1, 2, 4, 7})
        for (const int order : {1, 2})
            for (int repeat = 0; repeat < 5; ++repeat) {
                const Matrix x = assignments::uniform(7, d, id++), y = assignments::uniform(7, d, id++);
                const Matrix c = pair_costs(x, y, order);
                const Wasserstein w = wasserstein(x, y, {.order = order});
                CHECK(w.distance == doctest::Approx(distance(assignments::all_costs(c)[0] / 7, order)).epsilon(1e-12));
                double own = 0.0;
                for (std::int64_t i = 0; i < 7; ++i) own += c(i, w.partner[static_cast<std::size_t>(i)]);
                CHECK(w.distance == doctest::Approx(distance(own / 7, order)).epsilon(1e-12));
            }
}

TEST_CASE("wasserstein: clouds that are moved, scaled and shuffled have the distance of the map") {
    const std::int64_t n = 400;
    for (const std::int64_t d : {1, 3, 8}) {
        const Matrix x = assignments::uniform(n, d, 1);
        Matrix y(n, d), scaled(n, d);
        double second_moment = 0.0;
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t k = 0; k < d; ++k) {
                y((i * 7 + 3) % n, k) = x(i, k) + 0.25;
                scaled((i * 7 + 3) % n, k) = 3.0 * x(i, k);   // gradient of a convex function: optimal for order 2
                second_moment += 4.0 * x(i, k) * x(i, k) / static_cast<double>(n);
            }
        for (const int order : {1, 2})
            CHECK(wasserstein(x, y, {.order = order}).distance ==
                  doctest::Approx(0.25 * std::sqrt(static_cast<double>(d))).epsilon(1e-12));
        const Wasserstein w = wasserstein(x, scaled);
        CHECK(w.distance == doctest::Approx(std::sqrt(second_moment)).epsilon(1e-12));
        for (std::int64_t i = 0; i < n; ++i) CHECK(w.partner[static_cast<std::size_t>(i)] == (i * 7 + 3) % n);
        CHECK(wasserstein(x, x).distance == 0.0);
    }
}

TEST_CASE("wasserstein: shapes, orders and numbers that do not fit are named") {
    const Matrix x(3, 2, 1.0);
    CHECK_THROWS_WITH_AS(wasserstein(x, Matrix(4, 2)),
                         "wasserstein: x and y must have the same shape (n, d), got (3, 2) and (4, 2); sinkhorn takes "
                         "samples of unequal size",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(wasserstein(x, x, {.order = 3}), "wasserstein: order must be 1 or 2, got 3", std::invalid_argument);
    Matrix bad = x;
    bad(1, 0) = std::nan("");
    CHECK_THROWS_WITH_AS(wasserstein(x, bad), "wasserstein: y must hold numbers up to 1e150, got nan in row 1",
                         std::invalid_argument);
    CHECK_THROWS_AS(wasserstein(Matrix(0, 2), Matrix(0, 2)), std::invalid_argument);
}

#include <buffon/shapley_design.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <buffon/input_group.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Matrix matrix(std::int64_t d, std::vector<double> entries) {
    Matrix m(d, d);
    m.data = std::move(entries);
    return m;
}

struct Walks {
    std::vector<std::int64_t> orders;
    Matrix x;
};

Walks walks(const ShapleyDesign& design, std::int64_t rows, std::int64_t d) {
    Walks out{{}, Matrix(rows * (design.steps() + 1), d)};
    design.rows(0, out.orders, out.x);
    return out;
}

ShapleyDesign design_of(const Distribution& inputs, Points kind, std::int64_t points) {
    return {"test", inputs, named_groups("test", inputs, {}), kind, points, 2, 5};
}

}  // namespace

TEST_CASE("shapley design: a walk of independent inputs takes one input after the other from its end") {
    const ShapleyDesign design = design_of(testing::standard_normal(3), Points::rqmc, 64);
    CHECK(design.independent());
    const Walks w = walks(design, 128, 3);
    for (std::int64_t i = 0; i < 128; ++i)
        for (std::int64_t k = 0; k < 3; ++k) {
            const std::int64_t moved = w.orders[static_cast<std::size_t>(3 * i + k)];
            for (std::int64_t c = 0; c < 3; ++c) CHECK(w.x(4 * i + k + 1, c) == w.x(4 * i + (c == moved ? 3 : k), c));
        }
}

TEST_CASE("shapley design: every order is as frequent as any other") {
    const Walks w = walks(design_of(testing::standard_normal(3), Points::iid, 6'000), 12'000, 3);
    std::vector<int> counts(27);
    for (std::int64_t i = 0; i < 12'000; ++i) {
        const auto* o = w.orders.data() + 3 * i;
        ++counts[static_cast<std::size_t>(9 * o[0] + 3 * o[1] + o[2])];
    }
    CHECK(std::ranges::count_if(counts, [](int c) { return c > 0; }) == 6);
    for (const int c : counts) CHECK((c == 0 || std::abs(c - 2'000) < 200));   // 4.9 standard errors of 41
}

TEST_CASE("shapley design: points of dependent inputs are draws of the law that keep what comes last, and end independent") {
    const Matrix covariance = matrix(3, {1, 0.6, 0.3, 0.6, 1, -0.4, 0.3, -0.4, 2});
    const std::int64_t n = 20'000;
    const ShapleyDesign design = design_of(MultivariateNormal({0, 0, 0}, covariance), Points::iid, n / 2);
    CHECK(!design.independent());
    const Walks w = walks(design, n, 3);
    for (std::int64_t k = 0; k < 4; ++k) {
        double with_itself = 0, with_start = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            for (std::int64_t later = k; later < 3; ++later) {   // kept, but for the rounding of another factor
                const std::int64_t c = w.orders[static_cast<std::size_t>(3 * i + later)];
                REQUIRE(w.x(4 * i + k, c) == doctest::Approx(w.x(4 * i, c)).epsilon(1e-10));
            }
            with_itself += w.x(4 * i + k, 0) * w.x(4 * i + k, 1);
            with_start += w.x(4 * i, 0) * w.x(4 * i + k, 1);
        }
        CHECK(std::abs(with_itself / static_cast<double>(n) - 0.6) < 0.045);   // a product's sd is 1.17 at most: 5 of 0.0083
        if (k == 3) CHECK(std::abs(with_start / static_cast<double>(n)) < 0.045);
    }
}

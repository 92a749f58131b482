#include <buffon/level_means.hpp>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Matrix table(std::int64_t rows, std::int64_t cols, std::vector<double> data) {
    Matrix m(rows, cols);
    m.data = std::move(data);
    return m;
}

Problem times(double factor, std::int64_t outputs) {
    return Problem(Model([factor, outputs](ConstView x) {
        Outputs out{Matrix(x.rows, outputs), {}};
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t j = 0; j < outputs; ++j) out.y(i, j) = factor * x(i, 0) + static_cast<double>(j);
        return out;
    }), testing::standard_normal(1));
}

}  // namespace

TEST_CASE("level_means: outputs of two problems stand side by side, and differ in number with both told") {
    const Problem one = times(1, 2), three = times(3, 2), other = times(1, 1);
    const Matrix y = side_by_side({&one, &three}, {1, 3})(table(2, 1, {5, 7})).y;
    CHECK(y.data == std::vector<double>{5, 6, 15, 16, 7, 8, 21, 22});
    CHECK(differences(y, std::vector{1.0, 1.0}, std::vector{1.0, 1.0}).data == std::vector<double>{-10, -10, -14, -14});
    CHECK(differences(y, std::vector{1.0, 10.0}, std::vector{0.0, 0.25}).data == std::vector<double>{5, 20, 7, 25});
    CHECK(differences(y, std::vector{1.0, 1.0, 1.0, 2.0}, {}).data == std::vector<double>{5, 6, 15, 32, 7, 8, 21, 44});
    CHECK_THROWS_WITH_AS(side_by_side({&one, &other}, {1, 3})(table(1, 1, {0})),
                         "levels must have the same number of outputs, got 2 of level 1 and 1 of level 3",
                         std::invalid_argument);
}

TEST_CASE("level_means: on a device each model must be made for one") {
    const Problem one = times(1, 1);
    CHECK_THROWS_WITH_AS(side_by_side({&one}, {1}, "cuda"),
                         "multilevel: device = 'cuda' needs a model made for devices (device_problem of buffon/device.cuh, or a function of "
                         "arrays that lie there: arrays = 'torch' in Python); this one runs on the CPU",
                         std::invalid_argument);
}

TEST_CASE("level_means: value and error of two levels are sums over them") {
    std::vector<LevelTerms> levels(2);
    levels[0].add(table(3, 1, {1, 2, 6}), 1);    // mean 3, variance 7
    levels[1].add(table(4, 1, {0, 0, 4, 4}), 1); // mean 2, variance 16 / 3
    const Estimate e = finish_levels(levels, {"y"}, {3, 0}, 1);
    CHECK(e.value[0] == doctest::Approx(5));
    CHECK(e.covariance(0, 0) == doctest::Approx(7.0 / 3 + 16.0 / 12));
    CHECK(e.bounds.low(0, 3) < 5);
    CHECK(e.bounds.high(0, 3) > 5);
    levels[1] = {};
    levels[1].add(table(1, 1, {2}), 1);
    CHECK_THROWS_AS(finish_levels(levels, {"y"}, {3, 0}, 1), std::invalid_argument);
}

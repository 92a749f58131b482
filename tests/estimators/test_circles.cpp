#include <buffon/circles.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/adaptive.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// Columns: first coordinate, its square, square norm, square of the part outside the first two coordinates, and 1{x_1
/// > 2} with its score.
Problem looked_at(std::int64_t d) {
    return Problem(Model([](ConstView x) {
        Outputs out{Matrix(x.rows, 5), Matrix(x.rows, 5, 1.0)};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            const auto row = x.row(i);
            double square = 0;
            for (const double v : row) square += v * v;
            const double values[] = {row[0], row[0] * row[0], square, square - row[0] * row[0] - row[1] * row[1],
                                     row[0] > 2 ? 1.0 : 0.0};
            std::copy(std::begin(values), std::end(values), out.y.view().row(i).begin());
            out.score(i, 4) = row[0] - 2;
        }
        return out;
    }), testing::standard_normal(d));
}

Matrix plane(std::int64_t d) {
    Matrix u(2, d);
    u(0, 0) = u(1, 1) = 1;
    return u;
}

}  // namespace

TEST_CASE(
    "circles: points at every phase have the law of the shell, in a subspace and without, and shares of x_1 > 2 are "
    "right") {
    const std::int64_t d = 4;
    const Problem problem = looked_at(d);
    for (const Matrix& subspace : std::array{Matrix(), plane(d)})
        for (const Shell& shell : std::array{Shell{}, Shell{0.5, 0.9}, Shell{0.999, 1}}) {
            CAPTURE(subspace.rows);
            CAPTURE(shell.low);
            const Run run{.budget = 1'000'000, .rng = 3, .threads = 1};
            Evaluation evaluate("test", problem, run);
            const WorkingSpace space = working_space(problem, {});
            Circles circles(evaluate, space, subspace, shell, {{4}}, 12);
            Matrix rows;
            for (std::int64_t first = 0; first < 4'000; first += 200) {
                const Matrix more = circles.sample(200, {7, 1}, first, 100'000).rows;
                rows.data.insert(rows.data.end(), more.data.begin(), more.data.end());
                rows.rows += more.rows;
                rows.cols = more.cols;
            }
            const Matrix points = circles.points(40'000, {7, 2}, 0);
            for (std::int64_t j = 0; j < 5; ++j) {
                double mean[2] = {}, square[2] = {};
                for (const int k : {0, 1}) {
                    const Matrix& from = k == 0 ? rows : points;
                    for (std::int64_t i = 0; i < from.rows; ++i) {
                        mean[k] += from(i, j) / static_cast<double>(from.rows);
                        square[k] += from(i, j) * from(i, j) / static_cast<double>(from.rows);
                    }
                }
                const double error = std::sqrt((square[0] - mean[0] * mean[0]) / static_cast<double>(rows.rows) +
                                               (square[1] - mean[1] * mean[1]) / 40'000.0);
                CHECK(std::abs(mean[0] - mean[1]) < 4.5 * error + 1e-12);
                if (shell.whole() && j < 3)
                    CHECK(std::abs(mean[0] - std::array{0.0, 1.0, 4.0}[static_cast<std::size_t>(j)]) <
                          4.5 * error + 1e-12);
            }
        }
}

TEST_CASE("circles: a shell's radius is the quantile of the norm, to the last digits of the tail") {
    // 2 degrees of freedom: P(R^2 > r) = exp(-r / 2)
    CHECK(Shell{0.9999, 1}.radius(0.5, 2) == doctest::Approx(std::sqrt(-2 * std::log(0.5e-4))).epsilon(1e-9));
    CHECK(Shell{0, 0.5}.radius(0.5, 2) == doctest::Approx(std::sqrt(-2 * std::log(0.75))).epsilon(1e-9));
}

TEST_CASE("circles: what the evaluations do not suffice for is left out, and never more is spent") {
    const Problem problem = looked_at(3);
    for (const std::int64_t most : {5, 12, 100, 131, 500}) {
        const Run run{.budget = 1'000, .rng = 3, .threads = 1};
        Evaluation evaluate("test", problem, run);
        const WorkingSpace space = working_space(problem, {});
        const Matrix none;
        Circles circles(evaluate, space, none, {}, {{4}}, 12);
        const Matrix few = circles.sample(40, {7, 1}, 0, most).rows;
        CHECK(evaluate.n() <= most);
        CHECK(few.rows * 12 <= most);
        const Run all_run{.budget = 10'000, .rng = 3, .threads = 1};
        Evaluation again("test", problem, all_run);
        Circles whole(again, space, none, {}, {{4}}, 12);
        const Matrix all = whole.sample(40, {7, 1}, 0, 10'000).rows;
        REQUIRE(all.rows == 40);
        for (std::int64_t k = 0; k < few.rows * few.cols; ++k)
            CHECK(few.data[static_cast<std::size_t>(k)] == all.data[static_cast<std::size_t>(k)]);
    }
}

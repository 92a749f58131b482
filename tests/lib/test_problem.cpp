#include <buffon/problem.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>

using namespace buffon;

namespace {

const double nan_value = std::nan("");
const double infinity = std::numeric_limits<double>::infinity();

Distribution two() { return Joint({Normal(), Normal()}, {"a", "b"}); }

Matrix points() {
    Matrix x(3, 2);
    x.data = {1, 2, 3, 4, -5, 6};
    return x;
}

/// A model that says what it is told, row by row.
Problem says(std::vector<double> y) {
    return Problem(Model([y](ConstView x) {
                       Outputs out{Matrix(x.rows, 1), {}};
                       std::copy(y.begin(), y.begin() + x.rows, out.y.data.begin());
                       return out;
                   }),
                   two());
}

}  // namespace

TEST_CASE("a function of one point is called at each row") {
    const Problem problem([](std::span<const double> x) { return x[0] - 10 * x[1]; }, two(), {"y"});
    const Outputs out = problem(points());
    CHECK(out.y.cols == 1);
    CHECK(out.y.data == std::vector<double>{-19, -37, -65});
    CHECK(out.score.rows == 0);
    CHECK(problem.dim() == 2);
    CHECK(problem.outputs() == std::vector<std::string>{"y"});
    CHECK(problem.thread_safe());
    CHECK(problem(Matrix(0, 2)).y.rows == 0);
}

TEST_CASE("a function of one point may give a vector or an array; integers count as numbers") {
    const Problem vectors([](std::span<const double> x) { return std::vector<double>{x[0], x[1], x[0] * x[1]}; }, two());
    const Problem arrays([](std::span<const double> x) { return std::array{x[0], x[1], x[0] * x[1]}; }, two());
    const Problem flags([](std::span<const double> x) { return x[0] > 0 ? 1 : 0; }, two());
    CHECK(vectors(points()).y.data == std::vector<double>{1, 2, 2, 3, 4, 12, -5, 6, -30});
    CHECK(arrays(points()).y.data == vectors(points()).y.data);
    CHECK(flags(points()).y.data == std::vector<double>{1, 1, 0});
}

TEST_CASE("points that give different numbers of outputs are refused") {
    const Problem ragged([](std::span<const double> x) { return std::vector<double>(x[0] < 3 ? 2 : 1, 0.0); }, two());
    CHECK_THROWS_WITH_AS(ragged(points()), "Problem: every point must give 2 outputs, got 1", PointError);
}

TEST_CASE("an empty model is refused") {
    CHECK_THROWS_WITH_AS(Problem(Model(), two()), "Problem: model must be callable, got an empty function", std::invalid_argument);
}

TEST_CASE("functionals see the raw output row: many expectations from one model call") {
    int calls = 0;
    const Problem raw(Model([&](ConstView x) {
                          ++calls;
                          Outputs out{Matrix(x.rows, 2), {}};
                          std::copy(x.data, x.data + x.size(), out.y.data.begin());
                          return out;
                      }),
                      two(), {"a", "b"}, false);
    const Problem problem = raw.with_outputs({{"sum", [](std::span<const double> y) { return y[0] + y[1]; }},
                                              {"square", [](std::span<const double> y) { return y[0] * y[0]; }},
                                              {"b", [](std::span<const double> y) { return y[1]; }}});
    CHECK(problem(points()).y.data == std::vector<double>{3, 1, 2, 7, 9, 4, 1, 25, 6});
    CHECK(calls == 1);
    CHECK(problem.outputs() == std::vector<std::string>{"sum", "square", "b"});
    CHECK(problem.thread_safe() == false);
    CHECK(problem.inputs().names() == std::vector<std::string>{"a", "b"});
    CHECK_THROWS_WITH_AS(raw.with_outputs({}), "Problem: with_outputs needs at least one functional, got none", std::invalid_argument);
}

TEST_CASE("exceedance: indicator and score of each threshold, above or below") {
    const Problem above = exceedance(says({1.0, 2.0, 2.5}), {2.0, 1.5});
    const Outputs up = above(points());
    CHECK(up.y.data == std::vector<double>{0, 0, 0, 1, 1, 1});   // 2 does not exceed 2
    CHECK(up.score.data == std::vector<double>{-1, -0.5, 0, 0.5, 0.5, 1});
    CHECK(above.outputs() == std::vector<std::string>{"P(y > 2)", "P(y > 1.5)"});
    const Problem below = exceedance(says({1.0, 2.0, 2.5}), {2.0, 1.5}, true);
    const Outputs down = below(points());
    CHECK(down.y.data == std::vector<double>{1, 1, 0, 0, 0, 0});
    CHECK(down.score.data == std::vector<double>{1, 0.5, 0, -0.5, -0.5, -1});
    CHECK(below.outputs() == std::vector<std::string>{"P(y < 2)", "P(y < 1.5)"});
}

TEST_CASE("exceedance: an evaluation that is not finite stays visible") {
    for (const bool below : {false, true}) {
        const Outputs out = exceedance(says({nan_value, infinity, -infinity}), {0.0}, below)(points());
        for (std::int64_t i = 0; i < 3; ++i) CHECK_FALSE(std::isfinite(out.y(i, 0)));
    }
}

TEST_CASE("exceedance: no threshold, one that is not finite, and a model with two outputs are refused") {
    CHECK_THROWS_WITH_AS(exceedance(says({}), {}), "exceedance: thresholds must hold at least one number, got none", std::invalid_argument);
    CHECK_THROWS_WITH_AS(exceedance(says({}), {1.0, infinity}), "exceedance: thresholds must be finite, got inf", std::invalid_argument);
    const Problem vectors([](std::span<const double> x) { return std::array{x[0], x[1]}; }, two());
    CHECK_THROWS_WITH_AS(exceedance(vectors, {0.0})(points()), "exceedance: the model must have one output, got 2", std::invalid_argument);
}

TEST_CASE("exceedance: neighbouring thresholds do not share a name") {
    const Problem close = exceedance(says({}), {0.12345678, 0.12345679});
    CHECK(close.outputs()[0] != close.outputs()[1]);
}

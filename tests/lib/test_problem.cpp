#include <buffon/problem.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

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

/// In the manner of nquad; it writes into its argument.
double shifted_sum(int d, double* x, void* user_data) {
    double total = *static_cast<double*>(user_data);
    for (int j = 0; j < d; ++j) total += std::exchange(x[j], nan_value);
    return total;
}

void sum_and_product(std::int64_t n, std::int64_t d, const double* x, std::int64_t m, double* y, void* user_data) {
    for (std::int64_t i = 0; i < n; ++i) {
        y[i * m] = x[i * d] + x[i * d + 1];
        y[i * m + 1] = *static_cast<double*>(user_data) * x[i * d] * x[i * d + 1];
    }
}

}  // namespace

TEST_CASE("a function of C at one point gets its user data and may write into its argument") {
    double shift = 0.5;
    const Matrix x = points();
    const Problem problem = Problem::from_c(shifted_sum, &shift, two(), {"s"});
    CHECK(problem(x).y.data == std::vector<double>{3.5, 7.5, 1.5});
    CHECK(x.data == points().data);
    CHECK(problem.thread_safe());
    shift = 1;
    CHECK(problem(x).y.data == std::vector<double>{4, 8, 2});
}

TEST_CASE("a function of C at a batch fills all outputs") {
    double factor = 10;
    const Problem problem = Problem::from_c(sum_and_product, &factor, 2, two());
    CHECK(problem(points()).y.data == std::vector<double>{3, 20, 7, 120, 1, -300});
    CHECK(problem(Matrix(0, 2)).y.rows == 0);
    CHECK(problem.thread_safe());
}

TEST_CASE("what a function of C needs lives as long as the problem and what is made of it") {
    auto factor = std::make_shared<double>(2.0);
    const std::weak_ptr<double> watched = factor;
    {
        const Problem product = Problem::from_c(sum_and_product, factor.get(), 2, two(), {}, factor)
                                    .with_outputs({{"product", [](std::span<const double> y) { return y[1]; }}});
        factor.reset();
        CHECK(product(points()).y.data == std::vector<double>{4, 24, -60});
    }
    CHECK(watched.expired());
}

TEST_CASE("a function of C that is null, and names that do not fit it, are refused") {
    CHECK_THROWS_WITH_AS(Problem::from_c(CPointFunction{}, nullptr, two()),
                         "Problem: from_c needs a function, got a null pointer", std::invalid_argument);
    CHECK_THROWS_WITH_AS(Problem::from_c(CBatchFunction{}, nullptr, 1, two()),
                         "Problem: from_c needs a function, got a null pointer", std::invalid_argument);
    CHECK_THROWS_WITH_AS(Problem::from_c(sum_and_product, nullptr, 0, two()),
                         "Problem: from_c needs at least one output, got 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(Problem::from_c(sum_and_product, nullptr, 2, two(), {"a"}),
                         "Problem: a function of C with 2 outputs got 1 name", std::invalid_argument);
    CHECK_THROWS_WITH_AS(Problem::from_c(shifted_sum, nullptr, two(), {"a", "b"}),
                         "Problem: a function of C with 1 output got 2 names", std::invalid_argument);
}

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
    CHECK_THROWS_WITH_AS(Problem(Model(), two()), "Problem: model must be callable, got an empty function",
                         std::invalid_argument);
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
    CHECK_THROWS_WITH_AS(raw.with_outputs({}), "Problem: with_outputs needs at least one functional, got none",
                         std::invalid_argument);
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
    CHECK_THROWS_WITH_AS(exceedance(says({}), {}), "exceedance: thresholds must hold at least one number, got none",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(exceedance(says({}), {2.0, 1.0, 2.0}), "exceedance: thresholds must differ, got 2 twice",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(exceedance(says({}), {1.0, infinity}), "exceedance: thresholds must be finite, got inf",
                         std::invalid_argument);
    const Problem vectors([](std::span<const double> x) { return std::array{x[0], x[1]}; }, two());
    CHECK_THROWS_WITH_AS(exceedance(vectors, {0.0})(points()), "exceedance: the model must have one output, got 2",
                         std::invalid_argument);
}

TEST_CASE("exceedance: neighbouring thresholds do not share a name") {
    const Problem close = exceedance(says({}), {0.12345678, 0.12345679});
    CHECK(close.outputs()[0] != close.outputs()[1]);
}

TEST_CASE("known functions follow the outputs, also of the points before one that fails") {
    const Problem problem([](std::span<const double> x) { return x[0] < 0 ? throw std::runtime_error("bad") : x[0]; },
                          two(), {"y"});
    const auto sums = [](ConstView x) {
        Matrix out(x.rows, 1);
        for (std::int64_t i = 0; i < x.rows; ++i) out(i, 0) = x(i, 0) + x(i, 1);
        return out;
    };
    const Problem known = problem.with_known(sums, {"sum"});
    CHECK(known.outputs() == problem.outputs());
    CHECK(known.known() == std::vector<std::string>{"sum"});
    const Matrix x = points();
    CHECK(known(x.view().slice(0, 2)).y.data == std::vector<double>{1, 3, 3, 7});
    try {
        known(x);
        FAIL("the third point fails");
    } catch (const PointError& error) {
        CHECK(error.before.y.data == std::vector<double>{1, 3, 3, 7});
    }
    CHECK(known.thread_safe());
    CHECK(!problem.with_known(sums, {"sum"}, false).thread_safe());
    CHECK(exceedance(says({1, 2, 3}), {2.0}).with_known(sums, {"sum"})(x).score.data == std::vector<double>{-1, 1, 0, 1, 1, 1});
    CHECK_THROWS_WITH(problem.with_known(sums, {"y"}), "Problem: 'y' is the name of two outputs");
    CHECK_THROWS_WITH(says({1}).with_known(sums, {"y2"}), "Problem: 'y2' is the name of two outputs");
    CHECK_THROWS_WITH(known.with_known(sums, {"sum"}), "Problem: 'sum' is the name of two outputs");
    CHECK_THROWS_WITH(problem.with_known({}, {"a"}), "Problem: with_known needs a function, got an empty one");
    CHECK_THROWS_WITH(problem.with_known(sums, {}), "Problem: with_known needs at least one name, got none");
}

namespace {
const Distribution one_normal = Joint({Normal()});
}

TEST_CASE("a model of columns answers tables of rows, slice by slice") {
    const Problem problem(by_columns([](auto p) { return p[0] - 3 * p[1]; }), Joint({Normal(), Normal()}), {"gap"});
    for (const std::int64_t n : {0, 1, 255, 256, 257, 1000}) {
        Matrix x(n, 2);
        Stream{5, 5}.uniform(0, x);
        const Matrix y = problem(x).y;
        CHECK(y.rows == n);
        CHECK(y.cols == 1);
        for (std::int64_t i = 0; i < n; ++i) CHECK(y(i, 0) == x(i, 0) - 3 * x(i, 1));
    }
}

TEST_CASE("a model of columns that throws is asked point by point, and what came before stands") {
    const Problem problem(by_columns([](auto p) {
                              if (p[0] == 700) throw std::runtime_error("refused");
                              return p[0];
                          }),
                          one_normal);
    Matrix x(1000, 1);
    for (std::int64_t i = 0; i < 1000; ++i) x(i, 0) = static_cast<double>(i);
    try {
        (void)problem(x);
        FAIL("nothing was thrown");
    } catch (const PointError& error) {
        CHECK(std::string(error.what()) == "refused");
        REQUIRE(error.before.y.rows == 700);
        CHECK(error.before.y(699, 0) == 699);
    }
}

TEST_CASE("a model of columns must be one, with outputs and as many names") {
    const auto f = [](ConstColumns, Columns) {};
    CHECK_THROWS_AS(Problem(ColumnModel{}, one_normal), std::invalid_argument);
    CHECK_THROWS_WITH_AS(Problem(ColumnModel{f, 0}, one_normal),
                         "Problem: a model of columns needs at least one output, got 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(Problem(ColumnModel{f, 2}, one_normal, {"a"}),
                         "Problem: a model of columns with 2 outputs got 1 name", std::invalid_argument);
}

TEST_CASE("functions of a point have columns, too, where the number of their outputs is known") {
    CHECK(Problem([](std::span<const double> x) { return x[0]; }, one_normal).columns().outputs == 1);
    CHECK(Problem([](std::span<const double> x) { return std::array{x[0], x[0]}; }, one_normal).columns().outputs == 2);
    CHECK(!Problem([](std::span<const double> x) { return std::vector{x[0]}; }, one_normal).columns().evaluate);
}

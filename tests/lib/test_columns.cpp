#include <buffon/columns.hpp>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

/// Three points of two coordinates, a stride of five.
const std::vector<double> numbers{1, 2, 3, -1, -1, 10, 20, 30, -1, -1};

}  // namespace

TEST_CASE("Columns: coordinate j of point i, of a slice too") {
    std::vector<double> data = numbers;
    const Columns x{data.data(), 3, 2, 5};
    CHECK(x[0][1] == 2);
    CHECK(x[1][2] == 30);
    const ConstColumns last = x.slice(1, 2);
    CHECK(last.rows == 2);
    CHECK(last[1][0] == 20);
}

TEST_CASE("by_columns: f is called at each point and sees it as p[0], p[1], ...") {
    std::vector<double> data = numbers, out(3);
    const ColumnModel model = by_columns([](auto p) { return p[0] + 2 * p[1]; });
    CHECK(model.outputs == 1);
    model.evaluate(Columns{data.data(), 3, 2, 5}, {out.data(), 3, 1, 3});
    CHECK(out == std::vector<double>{21, 42, 63});
    CHECK(data == numbers);
}

TEST_CASE("gathered: functions of a span, with one number or an array; of unknown length none") {
    std::vector<double> data = numbers, out(7, 0.5);
    const auto one = detail::gathered([](std::span<const double> x) { return static_cast<int>(x[1] - x[0]); });
    CHECK(one.outputs == 1);
    one.evaluate(Columns{data.data(), 3, 2, 5}, {out.data(), 3, 1, 3});
    CHECK(out == std::vector<double>{9, 18, 27, 0.5, 0.5, 0.5, 0.5});
    const auto two = detail::gathered([](std::span<const double> x) { return std::array{x[0], x[1] * x[1]}; });
    CHECK(two.outputs == 2);
    two.evaluate(Columns{data.data(), 3, 2, 5}, {out.data(), 3, 2, 4});
    CHECK(out == std::vector<double>{1, 2, 3, 0.5, 100, 400, 900});
    CHECK(!detail::gathered([](std::span<const double> x) { return std::vector{x[0]}; }).evaluate);
}

#include <buffon/circle_means.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Matrix table(std::int64_t rows, std::int64_t cols, std::vector<double> data) {
    Matrix m(rows, cols);
    m.data = std::move(data);
    return m;
}

CirclePart part(Shell shell, bool circles, const Matrix& rows, const Matrix& unseen = {}) {
    CirclePart p{shell, circles};
    if (rows.rows > 0) p.add({rows, unseen}, 1);
    return p;
}

/// Two outputs, an event and a label.
struct Ready {
    Problem problem{Model([](ConstView x) { return Outputs{Matrix(x.rows, 2), Matrix(x.rows, 2)}; }),
                    testing::standard_normal(2),
                    {"P", "label"}};
    Run run{.budget = 100, .rng = 1, .threads = 1};
    Evaluation evaluate{"test", problem, run};

    Ready() { evaluate(Matrix(4, 2)); }
    Estimate finish(const std::vector<CirclePart>& parts) const { return finish_circles(evaluate, parts, {{0}, {1}}, {7, 0}); }
};

}  // namespace

TEST_CASE(
    "circle_means: value, error and the largest circle of two strata are what one works out by hand, without the "
    "label") {
    const Ready ready;
    // means 0.2 and 0.5; variances 0.03 (three circles) and 1 / 3 (four points)
    const Estimate e = ready.finish({part({0, 0.8}, true, table(3, 2, {0.1, 5, 0.1, 6, 0.4, 7})),
                                     part({0.8, 1}, false, table(4, 2, {0, 1, 1, 1, 0, 2, 1, 2}))});
    CHECK(e.names == std::vector<std::string>{"P"});
    CHECK(e.value[0] == doctest::Approx(0.8 * 0.2 + 0.2 * 0.5).epsilon(1e-13));
    CHECK(e.covariance(0, 0) == doctest::Approx(0.64 * 0.03 / 3 + 0.04 * (1.0 / 3) / 4).epsilon(1e-13));
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("largest_arc"))[0] == doctest::Approx(0.16 / 0.18).epsilon(1e-13));
    CHECK(e.n == 4);
    CHECK(e.bounds.low.rows == 1);
    const auto told = std::ranges::find_if(
        e.warnings, [](const std::string& w) { return w.find("one circle carries more than 0.2") != w.npos; });
    CHECK(told != e.warnings.end());
}

TEST_CASE("circle_means: a stratum without two terms is told by its probability, and half of it is too much") {
    const Ready ready;
    const Matrix rows = table(3, 2, {0.1, 5, 0.1, 6, 0.4, 7});
    const Estimate e = ready.finish({part({0, 0.9}, true, rows), part({0.9, 1}, true, table(1, 2, {0.3, 1}))});
    CHECK(e.value[0] == doctest::Approx(0.9 * 0.2).epsilon(1e-13));
    CHECK(e.warnings.back().starts_with("shells of the norm with probability 0.1 had too small a share"));
    CHECK_THROWS_WITH_AS(ready.finish({part({0, 0.5}, true, Matrix()), part({0.5, 1}, true, rows)}),
                         "test: fewer than two independent terms were finished", std::invalid_argument);
    CHECK_THROWS_AS(ready.finish({}), std::invalid_argument);
}

TEST_CASE("circle_means: what circles may have missed is told, moves upper bounds alone, and warns where it is much") {
    const Ready ready;
    Matrix rows(200, 2), little(200, 2), much(200, 2);
    for (std::int64_t i = 0; i < 200; ++i) {
        rows(i, 0) = 1e-3 * (1 + Stream{3, 0}.uniform(i, 0));
        little(i, 0) = i % 10 == 0 ? 6e-4 : 0;   // 6e-5 on average, of a value of 1.5e-3
        much(i, 0) = 5 * little(i, 0);
    }
    const Estimate none = ready.finish({part({}, true, rows)}), some = ready.finish({part({}, true, rows, little)}),
                   lot = ready.finish({part({}, true, rows, much)});
    const auto unseen = [](const Estimate& e) { return std::get<std::vector<double>>(e.diagnostics.at("unseen"))[0]; };
    CHECK(unseen(none) == 0);
    CHECK(unseen(some) == doctest::Approx(6e-5 / some.value[0]).epsilon(1e-12));
    CHECK(some.value == none.value);
    CHECK(some.std_error() == none.std_error());
    CHECK(some.bounds.low.data == none.bounds.low.data);
    for (std::int64_t k = 0; k < some.bounds.high.cols; ++k) {
        CHECK(some.bounds.high(0, k) - none.bounds.high(0, k) > 5e-5);
        CHECK(some.bounds.high(0, k) - none.bounds.high(0, k) < 2e-4);
    }
    const auto warned = [](const Estimate& e) {
        return std::ranges::any_of(e.warnings,
                                   [](const std::string& w) { return w.find("take a finer grid") != w.npos; });
    };
    CHECK(!warned(some));
    CHECK(warned(lot));
}

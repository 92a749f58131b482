#include <buffon/output_checks.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace buffon;

namespace {

const double nan_value = std::nan(""), infinity = std::numeric_limits<double>::infinity();

Matrix table(std::vector<std::vector<double>> rows) {
    Matrix m(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.at(0).size()));
    for (std::int64_t i = 0; i < m.rows; ++i)
        for (std::int64_t j = 0; j < m.cols; ++j) m(i, j) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
    return m;
}

}  // namespace

TEST_CASE("a point is described by its inputs, twelve of them at most") {
    const Matrix x = table({{1, 2}, {0.5, -3}});
    CHECK(describe_point(x.view(), 1, {"load", "span"}) == "load = 0.5, span = -3");
    const Matrix wide(1, 13, 7.0);
    const std::string text = describe_point(wide.view(), 0, std::vector<std::string>(13, "x"));
    CHECK(text.ends_with("x = 7, ..."));
    CHECK(std::ranges::count(text, '7') == 12);
}

TEST_CASE("outputs without names are numbered as the model's array is") {
    using Names = std::vector<std::string>;
    CHECK(default_output_names(1, {}) == Names{"y"});
    CHECK(default_output_names(3, {3}) == Names{"y1", "y2", "y3"});
    CHECK(default_output_names(4, {2, 2}) == Names{"y1,1", "y1,2", "y2,1", "y2,2"});
    CHECK(default_output_names(8, {2, 2, 2})[5] == "y2,1,2");
}

TEST_CASE("what is not finite is found, scores among it") {
    const Outputs whole{table({{1, 2}, {3, nan_value}, {4, 5}}), table({{0, 0}, {0, 0}, {0, infinity}}), {}};
    CHECK(all_finite(whole, 0, 1));
    CHECK_FALSE(all_finite(whole, 0, 2));
    CHECK_FALSE(all_finite(whole, 2, 3));
    CHECK(finite_row(whole, 1, 1));            // its first output
    CHECK_FALSE(finite_row(whole, 1, 2));
    CHECK_FALSE(finite_row(whole, 2, 2));
    CHECK(not_finite(whole, 1, {"a", "b"}) == "nan for output 'b'");
    CHECK(not_finite(whole, 2, {"a", "b"}) == "a score that is not finite");
    CHECK(not_finite({table({{-infinity}}), {}, {}}, 0, {"a"}) == "-inf for output 'a'");
    CHECK(not_finite({table({{-nan_value}}), {}, {}}, 0, {"a"}) == "nan for output 'a'");
}

TEST_CASE("a score of the wrong sign is found at its first row, unless it is that of another event") {
    const Matrix event = table({{0}, {1}, {0}}), right = table({{-1}, {2}, {0}}), wrong = table({{-1}, {-2}, {1}});
    CHECK_FALSE(wrong_score({event, right, {}}, 1, 0, 3));
    const auto found = wrong_score({event, wrong, {}}, 1, 0, 3);
    REQUIRE(found);
    CHECK(found->row == 1);
    CHECK(wrong_score({event, wrong, {}}, 1, 2, 3)->row == 2);
    CHECK_FALSE(wrong_score({table({{0.5}, {1}, {0}}), wrong, {}}, 1, 0, 3));      // no event
    CHECK_FALSE(wrong_score({table({{0, 0}, {1, 0}, {0, 1}}), table({{-1, -1}, {2, 2}, {0, 0}}), {}}, 2, 0,
                            3));   // the score of the first
    CHECK(wrong_score({table({{0, 0}, {1, 0}, {0, 1}}), table({{-1, -1}, {2, 2}, {0, -1}}), {}}, 2, 0, 3)->output == 1);
}

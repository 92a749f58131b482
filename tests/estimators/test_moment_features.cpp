#include <buffon/moment_features.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix table(std::int64_t rows, std::int64_t cols, std::vector<double> data) {
    Matrix m(rows, cols);
    m.data = std::move(data);
    return m;
}

/// Two sets of three tokens with two channels.
const Matrix tokens = table(6, 2, {1, 2, 2, 6, 3, 1, /**/ 0, 0, 4, 8, 2, 4});

void check_close(const Matrix& m, std::int64_t row, const std::vector<double>& expected) {
    REQUIRE(m.cols == static_cast<std::int64_t>(expected.size()));
    for (std::int64_t j = 0; j < m.cols; ++j)
        CHECK(m(row, j) == doctest::Approx(expected[static_cast<std::size_t>(j)]).epsilon(1e-14));
}

}   // namespace

TEST_CASE("moment_features: means and covariances of each set by hand, the lower triangle row after row") {
    const Matrix f = moment_features(tokens, 3);
    REQUIRE(f.rows == 2);
    check_close(f, 0, {2, 3, 2.0 / 3, -1.0 / 3, 14.0 / 3});
    check_close(f, 1, {2, 4, 8.0 / 3, 16.0 / 3, 32.0 / 3});
    check_close(moment_features(tokens, 3, {.center = TokenCentre::none}), 0, {2, 3, 14.0 / 3, 17.0 / 3, 41.0 / 3});
    check_close(moment_features(tokens, 3, {.center = TokenCentre::scalar}), 0,   // the mean of all six numbers is 2.5
                {2, 3, (2.25 + 0.25 + 0.25) / 3, (0.75 - 1.75 - 0.75) / 3, (0.25 + 12.25 + 2.25) / 3});
    check_close(moment_features(tokens, 3, {.scale = MomentScale::root}), 0,
                {2, 3, std::sqrt(2.0 / 3), -std::sqrt(1.0 / 3), std::sqrt(14.0 / 3)});
}

TEST_CASE("moment_features: heads meet their neighbours, first head's channels down the rows") {
    const Matrix four = table(2, 4, {1, 2, 3, 4, -1, 0, 5, 10});   // one set of two tokens
    // centred: +-(1, 1, -1, -3): head 0 with head 1
    check_close(moment_features(four, 2, {.heads = 2}), 0, {0, 1, 4, 7, -1, -3, -1, -3});
    const double root = std::sqrt(2.0);
    check_close(moment_features(four, 2, {.heads = 2, .scale = MomentScale::columns}), 0,
                {0, 1, 4, 7, -1 / root, -1 / root, -1 / root, -1 / root});
    check_close(moment_features(four, 2, {.heads = 4}), 0, {0, 1, 4, 7, 1, -1, 3});
}

TEST_CASE(
    "moment_features: a set's features are its own whatever is beside it, and a constant one has none of second "
    "order") {
    Matrix many(40 * 7, 6);
    Stream{3, 0}.normal(0, many);
    const Matrix all = moment_features(many, 7, {.heads = 3, .scale = MomentScale::columns, .threads = 2});
    for (const std::int64_t i : {0, 17, 39}) {
        const Matrix one =
            moment_features(many.view().slice(7 * i, 7), 7, {.heads = 3, .scale = MomentScale::columns, .threads = 1});
        for (std::int64_t j = 0; j < all.cols; ++j) CHECK(one(0, j) == all(i, j));
    }
    check_close(moment_features(table(2, 2, {1, 5, 1, 5}), 2, {.scale = MomentScale::columns}), 0, {1, 5, 0, 0, 0});
}

TEST_CASE("moment_features: what cannot be is refused by name") {
    CHECK_THROWS_WITH_AS(moment_features(tokens, 4),
                         "moment_features: tokens must have shape (n, length, D), got 6 rows of 2 for length 4",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(moment_features(tokens, 3, {.heads = 3}),
                         "moment_features: heads must divide the 2 channels, got 3", std::invalid_argument);
    Matrix bad = tokens;
    bad(4, 1) = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH_AS(moment_features(bad, 3), "moment_features: tokens must be finite, got inf in set 1",
                         std::invalid_argument);
    Matrix large = tokens;
    large(4, 0) = 1e200;
    CHECK_THROWS_WITH_AS(moment_features(large, 3), "moment_features: covariances overflow in set 1: divide the tokens by their size",
                         std::invalid_argument);
}

#include <buffon/polynomial_chaos.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix scores(std::int64_t n, std::int64_t d) {
    Matrix z(n, d);
    Stream{3, 0}.normal(0, z);
    return z;
}

}  // namespace

TEST_CASE("polynomial chaos: a polynomial is found, term by term, and leaves nothing") {
    const Matrix z = scores(200, 3);
    Matrix y(200, 1);
    for (std::int64_t i = 0; i < 200; ++i)
        y(i, 0) = 2 + 3 * z(i, 0) + 0.5 * z(i, 1) * z(i, 2) + (z(i, 2) * z(i, 2) - 1) / std::sqrt(2.0);
    const ChaosFit fit = fit_chaos(std::vector<Family1d>(3, Family1d::hermite), z, y, 1).front();
    CHECK(fit.terms == 4);
    CHECK(fit.leave_one_out < 1e-20);
    REQUIRE(fit.folds.size() == 8);
    for (const HeldOut& fold : fit.folds) {
        REQUIRE(fold.terms.size() == 4);
        CHECK(fold.terms[0].empty());
        for (std::size_t t = 0; t < 4; ++t) {
            const double truth = fold.terms[t].empty()              ? 2
                                 : fold.terms[t].size() == 2        ? 0.5
                                 : fold.terms[t][0].coordinate == 0 ? 3
                                                                    : 1;
            CHECK(fold.coefficients[t] == doctest::Approx(truth).epsilon(1e-9));
        }
        CHECK(fold.rows.size() == 25);
        for (const double r : fold.residual) CHECK(std::abs(r) < 1e-9);
    }
}

TEST_CASE("polynomial chaos: the leave-one-out error is that of fits without the row") {
    const std::int64_t n = 40;
    const Matrix z = scores(n, 1);
    Matrix y(n, 1);
    Stream{8, 0}.normal(0, y);
    for (std::int64_t i = 0; i < n; ++i) y(i, 0) += 5 * z(i, 0);
    const ChaosFit fit = fit_chaos({Family1d::hermite}, z, y, 1).front();
    REQUIRE(fit.terms == 2);
    double sum = 0;
    for (std::int64_t out = 0; out < n; ++out) {   // least squares of a line, one row left out
        double x1 = 0, x2 = 0, y1 = 0, xy = 0;
        for (std::int64_t i = 0; i < n; ++i)
            if (i != out) x1 += z(i, 0), x2 += z(i, 0) * z(i, 0), y1 += y(i, 0), xy += z(i, 0) * y(i, 0);
        const double m = n - 1, slope = (xy - x1 * y1 / m) / (x2 - x1 * x1 / m), start = (y1 - slope * x1) / m;
        const double e = y(out, 0) - start - slope * z(out, 0);
        sum += e * e;
    }
    CHECK(fit.leave_one_out == doctest::Approx(sum / n).epsilon(1e-9));
}

TEST_CASE("polynomial chaos: noise alone has no terms") {
    const Matrix z = scores(500, 5);
    int terms = 0;
    for (std::uint64_t key = 0; key < 20; ++key) {
        Matrix y(500, 1);
        Stream{100 + key, 0}.normal(0, y);
        terms += static_cast<int>(fit_chaos(std::vector<Family1d>(5, Family1d::hermite), z, y, 1).front().terms) - 1;
    }
    CHECK(terms < 20);   // 2 log P: hundreds of candidates in several sets, about one false term in two tables
}

#include <buffon/multivariate_normal.hpp>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon;

namespace {

Matrix square(std::int64_t d, std::vector<double> entries) {
    Matrix m(d, d);
    m.data = std::move(entries);
    return m;
}

MultivariateNormal example() { return {{1, -2, 3}, square(3, {4, 1, -0.6, 1, 2, 0.3, -0.6, 0.3, 0.5})}; }

}  // namespace

TEST_CASE("log density in two dimensions is the textbook formula with variances and correlation") {
    const double s = 2, t = 0.5, r = -0.9;
    const MultivariateNormal law({1, 2}, square(2, {s * s, r * s * t, r * s * t, t * t}));
    Matrix x(2, 2);
    x.data = {3, 1.75, -15, 6};
    std::vector<double> out(2);
    law.log_density(x, out);
    for (int i = 0; i < 2; ++i) {
        const double a = (x(i, 0) - 1) / s, b = (x(i, 1) - 2) / t;
        const double want = -std::log(2 * std::numbers::pi * s * t * std::sqrt(1 - r * r)) -
                            (a * a - 2 * r * a * b + b * b) / (2 * (1 - r * r));
        CHECK(out[i] == doctest::Approx(want).epsilon(1e-13));
    }
}

TEST_CASE("density over the density of u is 1 / |L| at x = mean + L u") {
    const auto law = example();
    Matrix u(1, 3), x(1, 3);
    u.data = {8, -8, 0.5};
    law.from_normal(u, x);
    double log_density = 0;
    law.log_density(x, {&log_density, 1});
    const double det = 4 * (2 * 0.5 - 0.09) - 1 * (0.5 + 0.18) - 0.6 * (0.3 + 1.2);   // by cofactors
    CHECK(log_density ==
          doctest::Approx(-0.5 * (64 + 64 + 0.25) - 1.5 * std::log(2 * std::numbers::pi) - 0.5 * std::log(det))
              .epsilon(1e-13));
}

TEST_CASE("the sample has the mean and covariance of the law") {
    const auto law = example();
    const std::int64_t n = 100'000;
    Matrix x(n, 3);
    Stream{.key = 2}.uniform(0, x);
    for (double& v : x.data) v = normal_quantile(v);
    law.from_normal(x, x);
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j <= i; ++j) {   // var of a product of normals: C_ii C_jj + C_ij^2; |z| < 5
            double sum = 0, first = 0;
            for (std::int64_t k = 0; k < n; ++k)
                sum += (x(k, i) - law.mean()[i]) * (x(k, j) - law.mean()[j]), first += x(k, i) - law.mean()[i];
            const Matrix& c = law.covariance();
            CHECK(std::abs(sum / n - c(i, j)) < 5 * std::sqrt((c(i, i) * c(j, j) + c(i, j) * c(i, j)) / n));
            CHECK(std::abs(first / n) < 5 * std::sqrt(c(i, i) / n));
        }
}

TEST_CASE("to_normal inverts from_normal at |u| up to 37 and the first score depends on the first coordinate alone") {
    const auto law = example();
    Matrix u(4, 3), x(4, 3), back(4, 3);
    u.data = {8, -8, 8, -8, 0.1, 1e-3, 37, -20, 10, -37, 37, 8.5};
    law.from_normal(u, x);
    law.to_normal(x, back);
    for (std::size_t i = 0; i < u.data.size(); ++i) CHECK(std::abs(back.data[i] - u.data[i]) < 1e-13 * (1 + std::abs(u.data[i])));
    CHECK(back(0, 0) == doctest::Approx((x(0, 0) - 1) / 2).epsilon(1e-15));
}

TEST_CASE("bits do not depend on how rows are batched") {
    const auto law = example();
    Matrix u(50, 3), x(50, 3), y(1, 3);
    Stream{.key = 9}.uniform(0, u);
    law.from_normal(u, x);
    std::vector<double> all(50);
    law.log_density(x, all);
    for (int i = 0; i < 50; ++i) {
        double one = 0;
        law.from_normal(ConstView(u).slice(i, 1), y);
        law.log_density(y, {&one, 1});
        CHECK((y(0, 0) == x(i, 0) && y(0, 1) == x(i, 1) && y(0, 2) == x(i, 2) && one == all[i]));
    }
}

TEST_CASE("defects are named") {
    CHECK(message([] { MultivariateNormal({}, Matrix()); }) == "MultivariateNormal: mean must not be empty");
    CHECK(message([] { MultivariateNormal({1, 2, 3}, Matrix(2, 2)); }) ==
          "MultivariateNormal: covariance must have shape (3, 3), got (2, 2)");
    CHECK(message([] { MultivariateNormal({std::nan("")}, Matrix(1, 1, 1.0)); }) ==
          "MultivariateNormal: mean must be finite, got nan at 0");
    CHECK(message([] { MultivariateNormal({0}, Matrix(1, 1, -2.0)); }) ==
          "MultivariateNormal: covariance must be positive definite, smallest eigenvalue is -2");
    CHECK(message([] { MultivariateNormal({0, 0}, square(2, {1, 2, 2, 4})); }).find("positive definite") != std::string::npos);
    CHECK(message([] { MultivariateNormal({0}, Matrix(1, 1, 1.0), {"a", "b"}); }) ==
          "MultivariateNormal: names must have one entry per coordinate, 1, got 2");
    CHECK(example().names() == std::vector<std::string>{"x1", "x2", "x3"});
}

TEST_CASE("tiny and huge scales are not mistaken for a singular matrix") {
    const MultivariateNormal law({0, 0}, square(2, {1e-40, 0, 0, 1e40}));
    CHECK(law.factor()(0, 0) == doctest::Approx(1e-20).epsilon(1e-15).scale(0));
    CHECK(law.factor()(1, 1) == doctest::Approx(1e20).epsilon(1e-15).scale(0));
}

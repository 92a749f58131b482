#include <buffon/multivariate_t.hpp>

#include <buffon/distribution.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
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

MultivariateT example(double df) { return {{1, -2, 3}, square(3, {4, 1, -0.6, 1, 2, 0.3, -0.6, 0.3, 0.5}), df}; }

}  // namespace

TEST_CASE("multivariate t: log density in two dimensions is the textbook formula") {
    const double s = 2, t = 0.5, r = -0.9, df = 3;
    const MultivariateT law({1, 2}, square(2, {s * s, r * s * t, r * s * t, t * t}), df);
    Matrix x(2, 2);
    x.data = {3, 1.75, -15, 6};
    std::vector<double> out(2);
    law.log_density(x, out);
    for (int i = 0; i < 2; ++i) {
        const double a = (x(i, 0) - 1) / s, b = (x(i, 1) - 2) / t, q = (a * a - 2 * r * a * b + b * b) / (1 - r * r);
        const double want =
            -std::log(2 * std::numbers::pi * s * t * std::sqrt(1 - r * r)) - (0.5 * df + 1) * std::log(1 + q / df);
        CHECK(out[i] == doctest::Approx(want).epsilon(1e-13));
    }
}

TEST_CASE("multivariate t: the sample has the mean and covariance of the law") {
    const auto law = example(9);
    const std::int64_t n = 100'000;
    Matrix x(n, 3);
    Distribution(law).sample(Stream{.key = 2}, 0, x);
    const Matrix c = law.covariance();
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j <= i; ++j) {   // 9 checks at |z| < 5
            double sum = 0, sum_of_squares = 0, first = 0;
            for (std::int64_t k = 0; k < n; ++k) {
                const double product = (x(k, i) - law.location()[i]) * (x(k, j) - law.location()[j]);
                sum += product, sum_of_squares += product * product, first += x(k, i) - law.location()[i];
            }
            CHECK(std::abs(sum / n - c(i, j)) < 5 * std::sqrt((sum_of_squares / n - sum * sum / n / n) / n));
            CHECK(std::abs(first / n) < 5 * std::sqrt(c(i, i) / n));
        }
}

TEST_CASE("multivariate t: density of x over that of u is the slope of the map, and to_normal inverts from_normal") {
    const auto law = example(2.5);
    Matrix u(2, 3), x(2, 3), back(2, 3);
    u.data = {8, -8, 8, -0.4, 0.1, 1.3};
    law.from_normal(u, x);
    law.to_normal(x, back);
    for (std::size_t i = 0; i < u.data.size(); ++i) CHECK(std::abs(back.data[i] - u.data[i]) < 1e-11);
    double log_density = 0, log_slope = 0;
    law.log_density(x.view().slice(1, 1), {&log_density, 1});
    for (int j = 0; j < 3; ++j) {   // triangular: the product of the diagonal's derivatives
        Matrix two(2, 3), image(2, 3);
        for (int k = 0; k < 3; ++k) two(0, k) = two(1, k) = u(1, k);
        two(0, j) -= 1e-5, two(1, j) += 1e-5;
        law.from_normal(two, image);
        log_slope += std::log((image(1, j) - image(0, j)) / 2e-5);
    }
    const double normal = -0.5 * (0.16 + 0.01 + 1.69) - 3 * half_log_two_pi;
    CHECK(std::abs(normal - log_slope - log_density) < 1e-9);
}

TEST_CASE("multivariate t: what does not exist is infinite or NaN, as in the univariate law") {
    CHECK(std::isnan(example(1).mean()[0]));
    CHECK(example(1.5).mean()[0] == 1);
    CHECK(std::isnan(example(1).covariance()(0, 0)));
    CHECK(example(2).covariance()(0, 0) == std::numeric_limits<double>::infinity());
    CHECK(std::isnan(example(2).covariance()(0, 1)));
    CHECK(example(4).covariance()(1, 0) == 2);
}

TEST_CASE("multivariate t: defects are named") {
    CHECK(message([] { MultivariateT({}, Matrix(), 3); }) == "MultivariateT: location must not be empty");
    CHECK(message([] { MultivariateT({1, 2, 3}, Matrix(2, 2), 3); }) ==
          "MultivariateT: scale must have shape (3, 3), got (2, 2)");
    CHECK(message([] { MultivariateT({std::nan("")}, Matrix(1, 1, 1.0), 3); }) ==
          "MultivariateT: location must be finite, got nan at 0");
    CHECK(message([] { MultivariateT({0}, Matrix(1, 1, -2.0), 3); }) ==
          "MultivariateT: scale must be positive definite, smallest eigenvalue is -2");
    CHECK(message([] { MultivariateT({0}, Matrix(1, 1, 1.0), -1); }) == "MultivariateT: df must be positive and finite, got -1");
    CHECK(example(3).names() == std::vector<std::string>{"x1", "x2", "x3"});
}

#include <buffon/joint.hpp>

#include <buffon/stream.hpp>

#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon;

namespace {

const double infinity = std::numeric_limits<double>::infinity();

GaussianCopula pair(double rho) {
    Matrix r(2, 2, 1.0);
    r(0, 1) = r(1, 0) = rho;
    return GaussianCopula(r);
}

GaussianCopula six(double rho) {
    Matrix r(6, 6);
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 6; ++j) r(i, j) = std::pow(rho, std::abs(i - j));
    return GaussianCopula(r);
}

std::vector<Univariate> six_laws() {
    return {Normal(1, 2), LogNormal(0, 0.5), Uniform(0, 3), Normal(), LogNormal(2, 0.1), Uniform(-1, 0)};
}

double covariance(Univariate a, Univariate b, double rho) { return Joint({a, b}, {}, pair(rho)).covariance()(0, 1); }

std::vector<double> log_density(const Joint& law, const Matrix& x) {
    std::vector<double> out(static_cast<std::size_t>(x.rows));
    law.log_density(x, out);
    return out;
}

Matrix row(std::vector<double> entries) {
    Matrix m(1, static_cast<std::int64_t>(entries.size()));
    m.data = std::move(entries);
    return m;
}

}  // namespace

TEST_CASE("the density of independent coordinates is the product of Boost.Math's") {
    const Joint law({Normal(1, 2), LogNormal(0.5, 0.25), Uniform(0, 4)});
    const Matrix x = row({-3, 1.25, 3});
    const double want = std::log(pdf(boost::math::normal(1, 2), -3.0)) +
                        std::log(pdf(boost::math::lognormal(0.5, 0.25), 1.25)) - std::log(4.0);
    CHECK(log_density(law, x)[0] == doctest::Approx(want).epsilon(1e-14));
}

TEST_CASE("two dependent log-normals have the bivariate log-normal density") {
    const double r = 0.7, s = 0.5, t = 2, x = 0.3, y = 40;
    const double a = (std::log(x) - 1) / s, b = (std::log(y) + 0.5) / t;
    const double want = -std::log(2 * std::numbers::pi * s * t * std::sqrt(1 - r * r) * x * y) -
                        (a * a - 2 * r * a * b + b * b) / (2 * (1 - r * r));
    CHECK(log_density(Joint({LogNormal(1, s), LogNormal(-0.5, t)}, {}, pair(r)), row({x, y}))[0] ==
          doctest::Approx(want).epsilon(1e-13));
}

TEST_CASE("the density of dependent uniforms integrates to one, with the first moment product of the covariance") {
    const double r = 0.6;
    const Joint law({Uniform(0, 1), Uniform(0, 1)}, {}, pair(r));
    const int n = 400;   // midpoint rule in score space: du dv = phi(a) phi(b) da db
    double total = 0, product = 0;
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) {
            const double a = -8 + 16 * (i + 0.5) / n, b = -8 + 16 * (j + 0.5) / n;
            const double u = normal_cdf(a), v = normal_cdf(b);
            const double weight = std::exp(log_density(law, row({u, v}))[0] - 0.5 * (a * a + b * b)) * (256.0 / n / n) /
                                  (2 * std::numbers::pi);
            total += weight;
            product += weight * u * v;
        }
    CHECK(total == doctest::Approx(1).epsilon(1e-9));
    CHECK(product - 0.25 == doctest::Approx(law.covariance()(0, 1)).epsilon(1e-8));
}

TEST_CASE("covariances through the copula match their closed forms to 1e-10") {
    const double pi = std::numbers::pi;
    for (const double r : {-0.95, -0.3, 0.01, 0.5, 0.99}) {
        CAPTURE(r);
        CHECK(covariance(Uniform(0, 2), Uniform(1, 4), r) ==
              doctest::Approx(6 * std::asin(r / 2) / (2 * pi)).epsilon(1e-10).scale(0));
        CHECK(covariance(Uniform(0, 2), Normal(5, 3), r) == doctest::Approx(6 * r / (2 * std::sqrt(pi))).epsilon(1e-10).scale(0));
        const LogNormal x(0.3, 1.5);
        CHECK(covariance(x, Uniform(0, 2), r) ==
              doctest::Approx(2 * x.mean() * 0.5 * std::erf(r * 1.5 / 2)).epsilon(1e-10).scale(0));
        CHECK(covariance(Normal(5, 3), Normal(0, 2), r) == doctest::Approx(6 * r).epsilon(1e-14).scale(0));
        // E[X Y] of a bivariate log-normal and E[Z exp(s Z')]: textbook
        CHECK(covariance(x, LogNormal(0, 0.5), r) ==
              doctest::Approx(std::exp(0.3 + (2.25 + 0.25) / 2) * (std::exp(0.75 * r) - 1)).epsilon(1e-12).scale(0));
        CHECK(covariance(Normal(5, 3), x, r) == doctest::Approx(covariance(x, Normal(5, 3), r)).epsilon(1e-15).scale(0));
        CHECK(covariance(Normal(5, 3), x, r) == doctest::Approx(3 * r * 1.5 * std::exp(0.3 + 1.125)).epsilon(1e-13).scale(0));
    }
}

TEST_CASE("the sample has the mean and covariance of the law") {
    const Joint law(six_laws(), {}, six(0.6));
    const std::int64_t n = 100'000;
    Matrix x(n, 6);
    Stream{.key = 11}.uniform(0, x);
    law.from_uniform(x, x);
    const auto mean = law.mean();
    const auto covariance = law.covariance();
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j <= i; ++j) {   // 21 + 6 checks at |z| < 5
            double sum = 0, square = 0, first = 0;
            for (std::int64_t k = 0; k < n; ++k) {
                const double product = (x(k, i) - mean[i]) * (x(k, j) - mean[j]);
                sum += product, square += product * product, first += x(k, i) - mean[i];
            }
            CAPTURE(i);
            CAPTURE(j);
            CHECK(std::abs(sum / n - covariance(i, j)) < 5 * std::sqrt((square / n - sum * sum / n / n) / n));
            if (i == j) CHECK(std::abs(first / n) < 5 * std::sqrt(covariance(i, i) / n));
        }
}

TEST_CASE("to_normal inverts from_normal, tails included, with and without a copula") {
    for (const auto& copula : {Dependence(), Dependence(six(0.5))}) {
        // uniform laws with an end at 0 on the side of the tail: elsewhere doubles are too coarse to carry a score of 8
        const Joint law({Normal(1, 2), LogNormal(0, 0.5), Uniform(-2, 0), Normal(), LogNormal(2, 0.1), Uniform(-1, 0)},
                        {}, copula);
        Matrix u(3, 6), x(3, 6), back(3, 6);
        u.data = {8, 8, 8, 8, 8, 8, 0.5, -1, 2, -0.1, 0, 1.5, -1, -8, 6, 3, 8, 2};
        law.from_normal(u, x);
        law.to_normal(x, back);
        for (std::size_t i = 0; i < u.data.size(); ++i) CHECK(std::abs(back.data[i] - u.data[i]) < 1e-12);
        law.from_normal(u, u);   // in place
        CHECK(u.data == x.data);
    }
}

TEST_CASE("dependent scores far out come back: no law passes through a probability that rounds to one or to zero") {
    const std::vector<Univariate> laws{Normal(1, 2),
                                       LogNormal(0.3, 0.5),
                                       Exponential(0.5),
                                       Gamma(2.5, 0.5),
                                       Weibull(1.8, 2),
                                       Gumbel(1, 0.5),
                                       StudentT(7, 1, 0.5),
                                       Logistic(1, 0.5),
                                       Truncated(Normal(), 1.5),
                                       Beta(2, 3),
                                       Uniform(0, 2),
                                       Triangular(0, 0, 1),
                                       Histogram({0, 1, 2}, {1, 3})};
    const auto d = static_cast<std::int64_t>(laws.size());
    Matrix r(d, d);
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < d; ++j) r(i, j) = std::pow(0.5, std::abs(i - j));
    const Joint joint(laws, {}, GaussianCopula(r));
    for (const double far : {8.5, -8.5, 10.0, -10.0, 20.0, -20.0, 37.0, -37.0})
        for (std::int64_t k = 0; k < d; ++k) {
            CAPTURE(far);
            CAPTURE(k);
            Matrix u(1, d, 0.3), x(1, d), back(1, d);
            u(0, k) = far;
            joint.from_normal(u, x);
            joint.to_normal(x, back);
            bool rounded = false;   // so near an end other than 0 that x itself has lost the score
            for (std::int64_t j = 0; j < d; ++j) {
                const Support s = joint.support(j);
                CHECK(std::isfinite(x(0, j)));
                CHECK(x(0, j) >= s.lower);
                CHECK(x(0, j) <= s.upper);
                rounded = rounded || s.upper - x(0, j) < 1e-9 || (s.lower != 0 && x(0, j) - s.lower < 1e-9);
            }
            if (rounded) continue;
            for (std::int64_t j = 0; j < d; ++j) CHECK(std::abs(back(0, j) - u(0, j)) < 1e-8 * std::abs(far));
        }
}

TEST_CASE("from_uniform is from_normal at the normal quantiles") {
    for (const auto& copula : {Dependence(), Dependence(six(-0.4))}) {
        const Joint law(six_laws(), {}, copula);
        Matrix v(500, 6), u(500, 6), x(500, 6), y(500, 6);
        Stream{.key = 3}.uniform(0, v);
        const boost::math::normal standard;
        for (std::size_t i = 0; i < v.data.size(); ++i) u.data[i] = quantile(standard, v.data[i]);
        law.from_uniform(v, x);
        law.from_normal(u, y);
        for (std::size_t i = 0; i < x.data.size(); ++i) CHECK(x.data[i] == doctest::Approx(y.data[i]).epsilon(1e-13));
    }
}

TEST_CASE("bits do not depend on how rows are batched") {
    const Joint law(six_laws(), {}, six(0.6));
    const std::int64_t n = 300;
    Matrix v(n, 6), x(n, 6), u(n, 6), y(1, 6), w(1, 6);
    Stream{.key = 5}.uniform(0, v);
    law.from_uniform(v, x);
    law.to_normal(x, u);
    const auto density = log_density(law, x);
    for (std::int64_t i = 0; i < n; ++i) {
        law.from_uniform(ConstView(v).slice(i, 1), y);
        law.to_normal(y, w);
        for (int j = 0; j < 6; ++j) CHECK((y(0, j) == x(i, j) && w(0, j) == u(i, j)));
        CHECK(log_density(law, y)[0] == density[static_cast<std::size_t>(i)]);
    }
}

TEST_CASE("outside the support: log density -inf, infinite score, and the other scores finite") {
    for (const auto& copula : {Dependence(), Dependence(pair(0.5))}) {
        const Joint law({LogNormal(), Uniform(0, 1)}, {}, copula);
        CHECK(log_density(law, row({-1, 0.5}))[0] == -infinity);
        CHECK(log_density(law, row({1, 1.5}))[0] == -infinity);
        CHECK((log_density(law, row({1, 0}))[0] == -infinity) == !copula.independent());   // the end: an infinite score
        CHECK(std::isnan(log_density(law, row({std::nan(""), 0.5}))[0]));
        CHECK(std::isnan(log_density(law, row({std::nan(""), 1.5}))[0]));
        Matrix u(1, 2);
        law.to_normal(row({-1, 0.5}), u);
        CHECK(u(0, 0) == -infinity);
        CHECK(std::isfinite(u(0, 1)));
        law.to_normal(row({1, 1.5}), u);
        CHECK(u(0, 0) == 0);
        CHECK(u(0, 1) == infinity);
    }
}

TEST_CASE("names default to x1, x2, ...; defects are named") {
    CHECK(Joint({Normal(), Uniform()}).names() == std::vector<std::string>{"x1", "x2"});
    CHECK(Joint({Normal(), Uniform()}, {"F", "w"}).names()[1] == "w");
    CHECK(Joint({Normal(), Uniform(2, 3)}).support(1).lower == 2);
    CHECK(message([] { Joint({}); }) == "Joint: laws must not be empty");
    CHECK(message([] { Joint({Normal()}, {"a", "b"}); }) == "Joint: names must have one entry per coordinate, 1, got 2");
    CHECK(message([] { Joint({Normal(), Normal()}, {"a", "a"}); }) == "Joint: names must differ, got \"a\" twice");
    CHECK(message([] { Joint({Normal()}, {}, pair(0)); }) == "Joint: copula must have dimension 1 (one per law), got 2");
}

TEST_CASE("from_uniform by columns gives the bits of the rows, for every law") {
    const Joint law({Normal(1, 2), LogNormal(0, 0.5), Uniform(-3, 5), Uniform(1e-3, 1e9)});
    Matrix v(1001, law.dim()), x(1001, law.dim());
    Stream{4, 4}.uniform(0, v);
    v(0, 2) = v(1, 3) = 0.5;
    law.from_uniform(v, x);
    std::vector<double> columns(static_cast<std::size_t>(law.dim() * 1010));
    for (std::int64_t i = 0; i < v.rows; ++i)
        for (std::int64_t j = 0; j < v.cols; ++j) columns[static_cast<std::size_t>(j * 1010 + i)] = v(i, j);
    law.from_uniform(Columns{columns.data(), 1001, law.dim(), 1010});
    for (std::int64_t i = 0; i < v.rows; ++i)
        for (std::int64_t j = 0; j < v.cols; ++j) CHECK(columns[static_cast<std::size_t>(j * 1010 + i)] == x(i, j));
}

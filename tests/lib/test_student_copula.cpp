#include <buffon/student_copula.hpp>

#include <buffon/gaussian_copula.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <boost/math/distributions/students_t.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

using namespace buffon;

namespace {

Matrix matrix(std::int64_t d, std::vector<double> entries) {
    Matrix m(d, d);
    m.data = std::move(entries);
    return m;
}

Matrix three() { return matrix(3, {1, 0.5, -0.3, 0.5, 1, 0.2, -0.3, 0.2, 1}); }

/// Student score of a normal score by Boost.Math, from the nearer tail.
double t_score(double df, double z) {
    const boost::math::students_t law(df);
    return z < 0 ? quantile(law, normal_cdf(z)) : quantile(complement(law, normal_cdf(-z)));
}

}  // namespace

TEST_CASE("student copula: log density in two dimensions is the joint over the marginal densities, out to scores of 8") {
    for (const double df : {1.0, 3.0, 25.0}) {
        const double r = -0.8;
        const StudentCopula copula(matrix(2, {1, r, r, 1}), df);
        Matrix z(5, 2);
        z.data = {0, 0, 1, -1, 8, 8, -8, 7.5, 8, 0.3};
        std::vector<double> out(5, 3.0);
        copula.add_log_density(z, out);
        const boost::math::students_t law(df);
        for (std::int64_t i = 0; i < 5; ++i) {
            const double a = t_score(df, z(i, 0)), b = t_score(df, z(i, 1));
            const double q = (a * a - 2 * r * a * b + b * b) / (1 - r * r);
            const double joint =
                -std::log(2 * std::numbers::pi) - 0.5 * std::log(1 - r * r) - (0.5 * df + 1) * std::log1p(q / df);
            CHECK(out[i] - 3.0 == doctest::Approx(joint - std::log(pdf(law, a)) - std::log(pdf(law, b))).epsilon(1e-11));
        }
    }
}

TEST_CASE("student copula: correlate gives scores that are normal and have Kendall's tau of the correlation") {
    const StudentCopula copula = StudentCopula::from_kendall(matrix(2, {1, 0.4, 0.4, 1}), 2.5);
    CHECK(2 / std::numbers::pi * std::asin(copula.correlation()(0, 1)) == doctest::Approx(0.4).epsilon(1e-14));
    const int n = 40'000;
    Matrix z(2 * n, 2);
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (int j = 0; j < 2; ++j) z(i, j) = normal_quantile(Stream{5, 0}.uniform(i, j));
    copula.correlate(z);
    double second = 0, concordance = 0;
    for (int i = 0; i < n; ++i) {
        second += z(i, 1) * z(i, 1);
        concordance += (z(2 * i, 0) - z(2 * i + 1, 0)) * (z(2 * i, 1) - z(2 * i + 1, 1)) > 0 ? 1 : -1;
    }
    CHECK(std::abs(second - n) < 5 * std::sqrt(2.0 * n));
    CHECK(std::abs(concordance / n - 0.4) < 5 * std::sqrt((1 - 0.16) / n));
}

TEST_CASE("student copula: decorrelate undoes correlate at scores of 8 and leaves the first one alone") {
    for (const double df : {0.7, 4.0, 100.0}) {
        const StudentCopula copula(three(), df);
        Matrix z(3, 3);
        z.data = {8, -8, 8, 0.1, 0.2, -0.3, -8, -8, 8};
        const Matrix before = z;
        copula.correlate(z);
        CHECK(z(1, 0) == doctest::Approx(0.1).epsilon(1e-13));
        CHECK(std::abs(z(0, 1) - before(0, 1)) > 0.5);
        copula.decorrelate(z);
        for (std::size_t i = 0; i < z.data.size(); ++i) CHECK(std::abs(z.data[i] - before.data[i]) < 1e-11);
    }
}

TEST_CASE("student copula: with many degrees of freedom the Gaussian one; pairs are its marginals") {
    const StudentCopula heavy(three(), 1e7);
    const GaussianCopula light(three());
    Matrix z(2, 3);
    z.data = {1, -2, 0.5, 2, 2, -1};
    std::vector<double> a(2), b(2);
    heavy.add_log_density(z, a);
    light.add_log_density(z, b);
    for (int i = 0; i < 2; ++i) CHECK(std::abs(a[i] - b[i]) < 1e-5);
    CHECK(heavy.pair(0, 2).correlation()(0, 1) == -0.3);
    CHECK(heavy.pair(2, 1).df() == 1e7);
}

TEST_CASE("student copula: tail dependence is the limit of the conditional probability") {
    const StudentCopula copula(matrix(2, {1, 0.6, 0.6, 1}), 3);
    // P(U < p | V < p) by quadrature of the conditional law of the second t-score, far in the tail
    const double t = t_score(3, -11);
    double joint = 0, all = 0;
    for (int k = 0; k < 200'000; ++k) {
        const double a = t * std::pow(1 - (k + 0.5) / 200'000, -0.5),
                     w = std::pow(-a, -4.0) * std::pow(a / t, 3.0);   // substitution
        const double b = (t - 0.6 * a) / std::sqrt(0.64 * (3 + a * a) / 4);
        joint += w * cdf(boost::math::students_t(4), b), all += w;
    }
    CHECK(copula.tail_dependence(0, 1) == doctest::Approx(joint / all).epsilon(1e-4));
}

TEST_CASE("student copula: a bad correlation or number of degrees of freedom is refused") {
    CHECK_THROWS_WITH_AS(StudentCopula(three(), 0), "StudentCopula: df must be positive and finite, got 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(StudentCopula(matrix(2, {1, 1.2, 1.2, 1}), 3),
                         "StudentCopula: correlation must be positive definite, smallest eigenvalue is -0.2",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(StudentCopula(matrix(2, {1, 0, 0, 2}), 3),
                         "StudentCopula: correlation must have ones on the diagonal, got 2 at (1, 1)", std::invalid_argument);
}

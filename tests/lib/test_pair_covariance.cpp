#include <buffon/pair_covariance.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace buffon;

namespace {

Matrix pair(double rho) {
    Matrix r(2, 2, 1.0);
    r(0, 1) = r(1, 0) = rho;
    return r;
}

double covariance(Univariate a, Univariate b, const Copula& copula) {
    const std::vector<Univariate> laws{a, b};
    return PairCovariance(laws)(0, 1, copula);
}

}  // namespace

TEST_CASE("pair covariance: Student variables under their own copula have the correlation of its matrix") {
    for (const double rho : {-0.9, 0.3, 0.95})
        for (const double df : {3.0, 5.0, 40.0})
            CHECK(covariance(StudentT(df, 1, 2), StudentT(df, 0, 0.5), StudentCopula(pair(rho), df)) ==
                  doctest::Approx(rho * df / (df - 2)).epsilon(1e-7));   // df = 3: heavy tails under the integral
}

TEST_CASE("pair covariance: under a Student copula with many degrees of freedom, the Gaussian closed forms") {
    for (const double rho : {-0.5, 0.8}) {
        const StudentCopula copula(pair(rho), 1e8);
        CHECK(covariance(Uniform(0, 2), Uniform(1, 4), copula) ==
              doctest::Approx(6 * std::asin(rho / 2) / (2 * std::numbers::pi)).epsilon(1e-7));
        CHECK(covariance(Histogram({0, 1, 3}, {1, 3}), Triangular(0, 1, 5), copula) ==
              doctest::Approx(covariance(Histogram({0, 1, 3}, {1, 3}), Triangular(0, 1, 5), GaussianCopula(pair(rho))))
                  .epsilon(1e-7));
    }
}

TEST_CASE("pair covariance: a law without variance makes it NaN") {
    CHECK(std::isnan(covariance(StudentT(2), Normal(), StudentCopula(pair(0.5), 3))));
    CHECK(std::isnan(covariance(StudentT(1.5), Normal(), GaussianCopula(pair(0.5)))));
}

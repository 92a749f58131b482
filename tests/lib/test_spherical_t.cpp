#include <buffon/spherical_t.hpp>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>

using namespace buffon;

TEST_CASE("spherical t: the density is that of the textbook, also for a million degrees of freedom") {
    const std::array y{0.3, -2.0, 1.5};
    const double q = 0.09 + 4 + 2.25;
    for (const double df : {0.5, 3.0, 40.0}) {
        const double want = std::lgamma(0.5 * df + 1.5) - std::lgamma(0.5 * df) -
                            1.5 * std::log(df * std::numbers::pi) - (0.5 * df + 1.5) * std::log(1 + q / df);
        CHECK(SphericalT(df, 3).log_density(y.data()) == doctest::Approx(want).epsilon(1e-13));
    }
    // to first order in 1 / df (here 1e-6): of -(df + d) / 2 log(1 + q / df), and of the Gamma functions d (d - 2) / (4 df)
    const double limit = -1.5 * std::log(2 * std::numbers::pi) - 0.5 * q + 1e-6 * (0.25 * q * q - 1.5 * q + 0.75);
    CHECK(std::abs(SphericalT(1e6, 3).log_density(y.data()) - limit) < 1e-9);
}

TEST_CASE("spherical t: normal vectors divided by a common chi become independent normal coordinates") {
    const double df = 3;
    const int n = 40'000;
    const SphericalT law(df, 3);
    const boost::math::chi_squared chi(df);
    std::array<double, 3> sum{}, square{}, fourth{}, cross{}, squares{};
    for (int i = 0; i < n; ++i) {
        std::array<double, 4> v;
        for (int j = 0; j < 4; ++j) v[j] = Stream{21, 0}.uniform(i, j);
        const double length = std::sqrt(quantile(chi, v[3]) / df);
        std::array y{normal_quantile(v[0]) / length, normal_quantile(v[1]) / length, normal_quantile(v[2]) / length};
        law.to_normal(y.data());
        for (int j = 0; j < 3; ++j) {
            const double a = y[j], b = y[(j + 1) % 3];
            sum[j] += a, square[j] += a * a, fourth[j] += a * a * a * a, cross[j] += a * b,
                squares[j] += (a * a - 1) * (b * b - 1);
        }
    }
    for (int j = 0; j < 3; ++j) {   // 15 checks at |z| < 5; variances 1, 2, 96, 1, 4
        CHECK(std::abs(sum[j]) < 5 * std::sqrt(1.0 * n));
        CHECK(std::abs(square[j] - n) < 5 * std::sqrt(2.0 * n));
        CHECK(std::abs(fourth[j] - 3 * n) < 5 * std::sqrt(96.0 * n));
        CHECK(std::abs(cross[j]) < 5 * std::sqrt(1.0 * n));
        CHECK(std::abs(squares[j]) < 5 * std::sqrt(4.0 * n));
    }
}

TEST_CASE("spherical t: to_normal inverts from_normal, far tails included") {
    for (const double df : {1.0, 4.0, 30.0})
        for (const std::array<double, 4> u : {std::array{8.0, -8.0, 8.0, 8.0}, {-20.0, 0.1, 5.0, -9.0}, {0.0, 1e-3, -1.0, 3.0}}) {
            auto y = u;
            SphericalT(df, 4).from_normal(y.data());
            SphericalT(df, 4).to_normal(y.data());
            for (int j = 0; j < 4; ++j) CHECK(std::abs(y[j] - u[j]) < 1e-12 * (1 + std::abs(u[j])));
        }
}

TEST_CASE("spherical t: the first coordinate is a Student variable, and coordinates beyond 1e150 are cut, not infinite") {
    std::array y{2.5, 0.0};
    SphericalT law(3, 2);
    law.from_normal(y.data());
    CHECK(cdf(complement(boost::math::students_t(3), y[0])) == doctest::Approx(normal_cdf(-2.5)).epsilon(1e-12));
    std::array far{37.0, 37.0};
    SphericalT(0.3, 2).from_normal(far.data());
    CHECK(far[0] == 1e150);
    CHECK(far[1] == 1e150);
    std::array bad{std::nan(""), 0.0};
    law.from_normal(bad.data());
    CHECK((std::isnan(bad[0]) && std::isnan(bad[1])));
}

#include <buffon/laws/kernel_density.hpp>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace buffon;

namespace {

const double infinity = std::numeric_limits<double>::infinity();

std::vector<double> gamma_like(int n) {   // positive, skewed
    std::vector<double> out;
    for (int i = 0; i < n; ++i) out.push_back(-std::log(Stream{1, 0}.uniform(i, 0)) - std::log(Stream{1, 0}.uniform(i, 1)));
    return out;
}

}  // namespace

TEST_CASE("kernel density: three kernels are a normal mixture, far tails included") {
    const KernelDensity law({2.0, -1.0, 0.5}, 0.25);
    for (const double x : {-30.0, -9.0, -1.1, 0.0, 0.4, 3.0, 12.0}) {
        long double density = 0, below = 0, above = 0;
        for (const double p : {-1.0, 0.5, 2.0}) {
            const long double t = (x - p) / 0.25L;
            density += std::exp(-0.5L * t * t) / (0.25L * std::sqrt(2 * 3.14159265358979323846L)) / 3;
            below += 0.5L * std::erfc(-t / std::sqrt(2.0L)) / 3;
            above += 0.5L * std::erfc(t / std::sqrt(2.0L)) / 3;
        }
        CHECK(law.log_density(x) == doctest::Approx(static_cast<double>(std::log(density))).epsilon(1e-12));
        if (below > 1e-300L) CHECK(law.cdf(x) == doctest::Approx(static_cast<double>(below)).epsilon(1e-11).scale(0));
        if (above > 1e-300L) CHECK(law.ccdf(x) == doctest::Approx(static_cast<double>(above)).epsilon(1e-11).scale(0));
    }
    CHECK(law.mean() == doctest::Approx(0.5).epsilon(1e-14));
    CHECK(law.variance() == doctest::Approx(1.5 + 0.0625).epsilon(1e-14));
}

TEST_CASE("kernel density: the maps are inverse to each other, also where the table is no help") {
    const std::vector<double> two_clumps{0, 0.001, 0.002, 10, 10.001};   // the quantile function nearly jumps
    for (const auto& law : {KernelDensity(gamma_like(200), 0.4), KernelDensity(two_clumps, 1e-3), KernelDensity({3.0}, 2)})
        for (const double z : {-37.0, -8.0, -3.0, -0.5, 0.0, 0.3, 1.0, 4.5, 8.4, 12.0}) {
            CAPTURE(z);
            CHECK(std::abs(law.to_normal(law.from_normal(z)) - z) < 1e-10 * std::max(1.0, std::abs(z)));
        }
}

TEST_CASE("kernel density: reflection keeps all the mass between the bounds") {
    for (const double upper : {infinity, 9.0}) {
        std::vector<double> points = gamma_like(100);
        for (double& p : points) p = std::min(p, 8.9);
        const KernelDensity law(points, 0.5, 0, upper);
        const auto integral = [&](const auto& f, double a, double b) {
            double sum = 0;
            for (int k = 0; k < 40; ++k)
                sum += boost::math::quadrature::gauss_kronrod<double, 31>::integrate(f, a + (b - a) * k / 40,
                                                                                     a + (b - a) * (k + 1) / 40, 0);
            return sum;
        };
        const double end = std::min(upper, 20.0);
        const auto density = [&](double x) { return std::exp(law.log_density(x)); };
        CHECK(integral(density, 0, end) == doctest::Approx(1).epsilon(1e-12));
        for (const double x :
             {0.0, 0.3,
              8.95}) {   // what a kernel has beyond a bound comes back from it, and nothing is divided by a mass
            double sum = 0;
            for (const double p : points)
                for (const double centre : {p, -p, 2 * upper - p})
                    if (std::isfinite(centre)) sum += std::exp(-2 * (x - centre) * (x - centre) - half_log_two_pi) / 0.5 / 100;
            CHECK(density(x) == doctest::Approx(sum).epsilon(1e-12).scale(0));
        }
        const double mean = integral([&](double x) { return x * density(x); }, 0, end);
        CHECK(law.mean() == doctest::Approx(mean).epsilon(1e-12));
        CHECK(law.variance() ==
              doctest::Approx(integral([&](double x) { return (x - mean) * (x - mean) * density(x); }, 0, end))
                  .epsilon(1e-11));
        CHECK(law.cdf(0.7) == doctest::Approx(integral(density, 0, 0.7)).epsilon(1e-12));
        CHECK(law.ccdf(5.0) == doctest::Approx(integral(density, 5.0, end)).epsilon(1e-11));
        CHECK(law.cdf(1e-9) == doctest::Approx(1e-9 * density(0)).epsilon(1e-6).scale(0));
        CHECK((law.cdf(-1) == 0 && law.log_density(-1) == -infinity && law.to_normal(0) == -infinity));
        for (const double z : {-8.0, -5.0, -3.9, 0.0, 2.0}) CHECK(std::abs(law.to_normal(law.from_normal(z)) - z) < 1e-10);
    }
}

TEST_CASE("kernel density: many points on a grid are almost the kernels of each, and keep the mean and all the mass") {
    const std::vector<double> points = gamma_like(3000);
    for (const double lower : {-infinity, 0.0}) {
        const KernelDensity law(points, 0.2, lower);
        for (const double x : {0.05, 0.7, 2.0, 6.0}) {
            double density = 0, below = 0;
            for (const double p : points)
                for (const double sign : {1.0, -1.0}) {
                    if (sign < 0 && lower < 0) continue;
                    density += std::exp(-0.5 * (x - sign * p) * (x - sign * p) / 0.04 - half_log_two_pi) / 0.2 / 3000;
                    below += (normal_cdf((x - sign * p) / 0.2) - (lower < 0 ? 0 : normal_cdf(-sign * p / 0.2))) / 3000;
                }
            CHECK(std::exp(law.log_density(x)) == doctest::Approx(density).epsilon(2e-3));
            CHECK(law.cdf(x) == doctest::Approx(below).epsilon(2e-3));
            CHECK(law.cdf(x) + law.ccdf(x) == doctest::Approx(1).epsilon(1e-13));
        }
        double mean = 0;
        for (const double p : points) mean += p / 3000;
        if (lower < 0) CHECK(law.mean() == doctest::Approx(mean).epsilon(1e-12));
        for (const double z : {-8.0, -1.0, 0.5, 3.0, 8.0}) CHECK(std::abs(law.to_normal(law.from_normal(z)) - z) < 1e-10);
    }
}

TEST_CASE("kernel density: bandwidths") {
    // of normal quantiles Silverman's rule is 0.9 sd n^(-1/5); Sheather and Jones come close to the asymptotic 1.06 sd n^(-1/5)
    std::vector<double> normal;
    for (int i = 0; i < 1000; ++i) normal.push_back(normal_quantile((i + 0.5) / 1000));
    CHECK(silverman_bandwidth(normal) == doctest::Approx(0.9 * std::pow(1000, -0.2)).epsilon(0.01));
    CHECK(sheather_jones_bandwidth(normal) == doctest::Approx(1.06 * std::pow(1000, -0.2)).epsilon(0.1));
    // two distant peaks: each alone has 500 points and its own width, which Silverman's rule does not see
    std::vector<double> peaks;
    for (int i = 0; i < 500; ++i) {
        peaks.push_back(normal_quantile((i + 0.5) / 500));
        peaks.push_back(20 + normal_quantile((i + 0.5) / 500));
    }
    CHECK(silverman_bandwidth(peaks) > 2);
    CHECK(sheather_jones_bandwidth(peaks) == doctest::Approx(1.06 * std::pow(1000, -0.2)).epsilon(0.25));
}

TEST_CASE("kernel density: defects are named") {
    CHECK_THROWS_WITH_AS(KernelDensity({}, 1), "KernelDensity: points must not be empty", std::invalid_argument);
    CHECK_THROWS_WITH_AS(KernelDensity({1.0}, 0), "KernelDensity: bandwidth must be positive and finite, got 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(KernelDensity({1.0, -1.0}, 1, 0),
                         "KernelDensity: points must be finite and lie in [0, inf], got -1 at 1",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(silverman_bandwidth(std::vector<double>{2, 2}),
                         "silverman_bandwidth: points must not all be equal, got 2", std::invalid_argument);
}

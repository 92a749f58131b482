#include <buffon/diffusion/data_law.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "problems.hpp"

using namespace buffon;
using namespace buffon::diffusion;

namespace {

/// Moments of many draws lie within 5 standard errors of those that the law states.
void check_draws(const DataLaw& law, std::uint64_t key) {
    constexpr std::int64_t n = 40'000;
    const auto d = static_cast<std::int64_t>(law.mean.size());
    Matrix x(n, d);
    law.draw({key, 3}, x);
    double within = 0.0, within_square = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
        double mean = 0.0, sum = 0.0;
        for (const double v : x.view().row(i)) mean += v / static_cast<double>(d);
        for (const double v : x.view().row(i)) sum += (v - mean) * (v - mean) / static_cast<double>(d - 1);
        within += sum / n;
        within_square += sum * sum / n;
    }
    CHECK(std::abs(within - law.variance_within()) < 5 * std::sqrt((within_square - within * within) / n));
    for (std::int64_t a = 0; a < d; ++a)
        for (std::int64_t b = 0; b <= a; ++b) {
            double sum = 0.0, square = 0.0;
            for (std::int64_t i = 0; i < n; ++i) {
                const double term = (x(i, a) - law.mean[static_cast<std::size_t>(a)]) *
                                    (x(i, b) - law.mean[static_cast<std::size_t>(b)]);
                sum += term / n, square += term * term / n;
            }
            CHECK(std::abs(sum - law.covariance(a, b)) < 5 * std::sqrt((square - sum * sum) / n) + 1e-12);
        }
}

}  // namespace

TEST_CASE("data_law: a mixture's moments in closed form, and those of its draws, of all and of a class") {
    const std::vector<Matrix> round(2, [] { Matrix c(2, 2); c(0, 0) = c(1, 1) = 0.25; return c; }());
    Matrix means(2, 2);
    means(0, 0) = -1, means(1, 0) = 3;
    const DataLaw law = DenoiserOfData(GaussianMixture({1, 3}, means, round)).law(-1);
    CHECK(law.mean == std::vector<double>{2.0, 0.0});
    CHECK(law.covariance(0, 0) == doctest::Approx(0.25 + 0.75 * 1 + 0.25 * 9));
    CHECK(law.covariance(1, 1) == doctest::Approx(0.25));
    CHECK(law.covariance(0, 1) == doctest::Approx(0.0));
    CHECK(law.variance() == doctest::Approx(3.5));
    check_draws(law, 5);
    check_draws(DenoiserOfData(problems::g2()).law(-1), 6);
    const GaussianMixture classes({1, 3}, means, round, {0, 1});
    const DataLaw one = DenoiserOfData(classes).law(1);
    CHECK(one.mean == std::vector<double>{3.0, 0.0});
    check_draws(one, 7);
}

TEST_CASE("data_law: weighted points with a bandwidth, of all and of a class") {
    Matrix points(3, 2);
    points.data = {0, 0, 1, 2, 4, -2};
    const Empirical empirical(points, {.weights = {1, 1, 2}, .bandwidth = 0.3, .labels = {0, 0, 1}});
    const DataLaw law = DenoiserOfData(empirical).law(-1), first = DenoiserOfData(empirical).law(0);
    CHECK(law.mean[0] == doctest::Approx(2.25));
    CHECK(law.covariance(0, 0) == doctest::Approx((0.25 * (0 + 1) + 0.5 * 16) - 2.25 * 2.25 + 0.09));
    CHECK(first.mean == std::vector<double>{0.5, 1.0});
    CHECK(first.covariance(0, 1) == doctest::Approx(0.5));
    check_draws(law, 8);
    check_draws(first, 9);
    CHECK_FALSE(static_cast<bool>(DenoiserOfData(Denoiser(problems::g2())).law));
    CHECK_THROWS_AS((void)DenoiserOfData(problems::g1()).law(-1).variance_within(), std::invalid_argument);
}

#include <buffon/half_space.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>

using namespace buffon;

TEST_CASE("half_space: sampling N(beta, 1) alone has the relative variance of the closed form") {
    // int_beta^inf phi(u)^2 / phi(u - beta) du = exp(beta^2) Phi(-2 beta): the law itself as both halves of the mixture
    for (const double beta : {0.5, 2.0, 3.72, 6.0}) {
        const double second = std::exp(beta * beta + normal_log_cdf(-2 * beta) - 2 * normal_log_cdf(-beta));
        CHECK(relative_variance(beta, {beta, 1}) == doctest::Approx(second - 1).epsilon(1e-3));
    }
}

TEST_CASE("half_space: the tail law does better than N(beta, 1), and no law near it does better") {
    for (const double beta : {1.0, 3.0, 4.75, 7.0}) {
        const TailLaw law = tail_law(beta);
        const double least = relative_variance(beta, law);
        MESSAGE("beta " << beta << ": mean " << law.mean << ", sd " << law.sd << ", variance " << least << " of "
                        << relative_variance(beta, {beta, 1}));
        CHECK(least < 0.8 * relative_variance(beta, {beta, 1}));
        for (const double m : {-0.05, 0.05}) CHECK(relative_variance(beta, {law.mean + m, law.sd}) > 0.999 * least);
        for (const double s : {0.9, 1.1}) CHECK(relative_variance(beta, {law.mean, law.sd * s}) > 0.999 * least);
    }
}

TEST_CASE("half_space: about a design point the narrow law is narrow along it alone") {
    const std::vector<double> u{2, -1, 2};   // beta 3
    const auto laws = about_design_point(u);
    REQUIRE(laws.size() == 2);
    const TailLaw law = tail_law(3);
    const auto variance = [&](const Gaussian& g, const std::vector<double>& a) {
        double sum = 0;
        for (std::int64_t k = 0; k < 3; ++k) {
            double part = 0;
            for (std::int64_t i = 0; i < 3; ++i) part += g.factor(i, k) * a[static_cast<std::size_t>(i)];
            sum += part * part;
        }
        return sum;
    };
    CHECK(variance(laws[0], {2.0 / 3, -1.0 / 3, 2.0 / 3}) == doctest::Approx(law.sd * law.sd));
    CHECK(variance(laws[0], {1 / std::sqrt(5), 2 / std::sqrt(5), 0}) == doctest::Approx(1));
    CHECK(laws[0].mean[0] == doctest::Approx(2.0 / 3 * law.mean));
    CHECK(laws[1].mean == u);
}

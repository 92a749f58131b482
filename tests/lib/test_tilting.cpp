#include <buffon/tilting.hpp>

#include <array>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/laws/score_nodes.hpp>

using namespace buffon;

namespace {

/// Mass, mean and variance under the tilt by the quadrature of the old law.
std::array<double, 3> moments_of(const Univariate& law, const Tilt& tilt) {
    const ScoreNodes nodes = score_nodes(score_breaks(law));
    double m0 = 0, m1 = 0, m2 = 0;
    for (std::size_t i = 0; i < nodes.z.size(); ++i) {
        const double x = std::visit([&](const auto& l) { return l.from_normal(nodes.z[i]); }, law);
        const double p = nodes.weight[i] * std::exp(tilt.log_ratio(x));
        if (!(p > 0)) continue;
        m0 += p;
        m1 += p * x;
        m2 += p * x * x;
    }
    return {m0, m1, m2 - m1 * m1};
}

}  // namespace

TEST_CASE("a tilted normal law is a normal law") {
    const Normal law(1, 2), moved(2.5, 2), wider(1, 3);
    const Tilt mean = tilt_mean(law, 2.5), variance = tilt_variance(law, 9);
    for (const double x : {-8.0, -1.0, 0.0, 2.0, 9.0}) {
        CHECK(mean.log_ratio(x) == doctest::Approx(moved.log_density(x) - law.log_density(x)).epsilon(1e-9));
        CHECK(variance.log_ratio(x) == doctest::Approx(wider.log_density(x) - law.log_density(x)).epsilon(1e-8));
    }
}

TEST_CASE("a tilted exponential law is exponential") {
    const Exponential law(1), slower(1 / 1.3);
    const Tilt tilt = tilt_mean(law, 1.3);
    for (const double x : {0.1, 1.0, 5.0})
        CHECK(tilt.log_ratio(x) == doctest::Approx(slower.log_density(x) - law.log_density(x)).epsilon(1e-7));
}

TEST_CASE("other laws get the mean and the variance that are asked for") {
    const Univariate laws[] = {Uniform(-1, 3), Gumbel(1013, 558),   Triangular(0, 1, 4), Truncated(Normal(30, 8), 15),
                               Beta(2, 3),     LogNormal(6.3, 0.08)};
    for (const auto& law : laws) {
        const auto [mean, variance] = std::visit([](const auto& l) { return std::pair(l.mean(), l.variance()); }, law);
        CAPTURE(mean);
        const double sd = std::sqrt(variance);
        const auto moved = moments_of(law, tilt_mean(law, mean - 0.4 * sd));
        CHECK(moved[0] == doctest::Approx(1).epsilon(1e-8));
        CHECK((moved[1] - mean) / sd == doctest::Approx(-0.4).epsilon(1e-6));
        const auto narrow = moments_of(law, tilt_variance(law, 0.8 * variance));
        CHECK(std::abs(narrow[1] - mean) < 1e-6 * sd);
        CHECK(narrow[2] / variance == doctest::Approx(0.8).epsilon(1e-6));
    }
}

TEST_CASE("what no tilt gives is refused") {
    CHECK_THROWS_WITH_AS(tilt_mean(Uniform(0, 1), 1.2),
                         "tilt: mean must lie inside the support of the law, (0, 1), got 1.2", std::invalid_argument);
    CHECK_THROWS_WITH_AS(tilt_variance(Normal(), -1), "tilt: variance must be positive and finite, got -1",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(tilt_mean(StudentT(1.5), 1), "tilt: the law must have a variance", std::invalid_argument);
    CHECK_THROWS_AS(tilt_mean(LogNormal(0, 1.5), 20), std::invalid_argument);
    CHECK_THROWS_AS(tilt_variance(Exponential(1), 4), std::invalid_argument);
}

#include <buffon/testing_reliability.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

using namespace buffon;
using testing::KnownProblem;

namespace {

/// Of n points of the input law moved along one input by `shift` standard deviations, weighted back: (mean, standard error).
std::pair<double, double> shifted_mean(const KnownProblem& p, std::int64_t input, double shift, std::int64_t n) {
    Matrix u(n, p.problem.dim()), x(n, p.problem.dim());
    Stream{7, 0}.normal(0, u);
    for (std::int64_t i = 0; i < n; ++i) u(i, input) += shift;
    p.problem.inputs().from_normal(u, x);
    const Outputs out = p.problem(x);
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        CHECK((out.y(i, 0) > 0) == (out.score(i, 0) > 0));
        const double t = out.y(i, 0) * std::exp(0.5 * shift * shift - shift * u(i, input));
        sum += t;
        squares += t * t;
    }
    const double mean = sum / static_cast<double>(n);
    return {mean, std::sqrt((squares / static_cast<double>(n) - mean * mean) / static_cast<double>(n))};
}

}  // namespace

TEST_CASE("testing_reliability: the parabola has the published probability, and that of its points, in any number of inputs") {
    CHECK(testing::parabolic().exact[0] == doctest::Approx(3.02e-3).epsilon(2e-3).scale(0));
    CHECK(testing::parabolic(50).exact[0] == testing::parabolic().exact[0]);
    for (const std::int64_t d : {2, 30}) {
        const KnownProblem p = testing::parabolic(d);
        const auto [mean, error] = shifted_mean(p, 0, 0, 200'000);
        CHECK(std::abs(mean - p.exact[0]) < 4.5 * error);
    }
    CHECK_THROWS_AS((void)testing::parabolic(1), std::invalid_argument);
}

TEST_CASE("testing_reliability: the oscillator has the published probabilities, and those of its points") {
    CHECK(testing::oscillator().exact[0] == doctest::Approx(9.09e-6).epsilon(0.01).scale(0));
    CHECK(testing::oscillator(0.45, 0.075).exact[0] == doctest::Approx(1.55e-8).epsilon(0.04).scale(0));
    const KnownProblem p = testing::oscillator(1, 0.2);   // Bucher, Bourgund (1990): 2.86e-2
    CHECK(p.exact[0] == doctest::Approx(2.86e-2).epsilon(0.01).scale(0));
    const auto [mean, error] = shifted_mean(p, 4, 1, 200'000);
    CHECK(std::abs(mean - p.exact[0]) < 4.5 * error);
    CHECK_THROWS_AS((void)testing::oscillator(1, 0), std::invalid_argument);
}

TEST_CASE("testing_reliability: systems of correlated components have the orthant probabilities, and add up") {
    for (const int k : {2, 3, 5}) {   // equally correlated by one half: 1 / (k + 1)
        const KnownProblem p = testing::component_system(6, std::vector<double>(static_cast<std::size_t>(k), 0.0), 0.5, true);
        CHECK(p.exact[0] == doctest::Approx(1.0 / (k + 1)).epsilon(1e-9));
    }
    CHECK(testing::component_system(3, {0, 0}, 0.3, true).exact[0] ==
          doctest::Approx(0.25 + std::asin(0.3) / (2 * std::numbers::pi)).epsilon(1e-9));
    CHECK(testing::component_system(2, {2, 3}, 0, true).exact[0] ==
          doctest::Approx(normal_cdf(-2) * normal_cdf(-3)).epsilon(1e-12));
    const double either = testing::component_system(4, {3.5, 4}, 0.6).exact[0],
                 both = testing::component_system(4, {3.5, 4}, 0.6, true).exact[0];
    CHECK(either + both == doctest::Approx(normal_cdf(-3.5) + normal_cdf(-4)).epsilon(1e-9));
    CHECK(both > 20 * normal_cdf(-3.5) * normal_cdf(-4));
}

TEST_CASE("testing_reliability: systems have the probabilities of their points") {
    for (const bool parallel : {false, true}) {
        const KnownProblem p = testing::component_system(5, {1.5, 1, 0.5}, 0.4, parallel);
        const auto [mean, error] = shifted_mean(p, 0, 0.5, 200'000);
        CHECK(std::abs(mean - p.exact[0]) < 4.5 * error);
    }
    CHECK_THROWS_AS((void)testing::component_system(2, {1, 2}, 0.5), std::invalid_argument);
    CHECK_THROWS_AS((void)testing::component_system(2, {}, 0), std::invalid_argument);
    CHECK_THROWS_AS((void)testing::component_system(2, {1}, 1), std::invalid_argument);
}

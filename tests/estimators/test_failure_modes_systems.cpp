// Series, parallel and mixed systems, as largest and smallest scores and as several at once: known bivariate-normal
// probabilities.
#include <buffon/cross_entropy.hpp>
#include <buffon/form.hpp>
#include <buffon/line_sampling.hpp>
#include <buffon/subset.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/testing_reliability.hpp>

using namespace buffon;

namespace {

constexpr double low = 2.2, high = 2.6, correlation = -0.4;

/// P(u > low, rho u + sqrt(1 - rho^2) v > high): by the midpoint rule over u.
double both() {
    constexpr int nodes = 4'000;
    constexpr double length = 6;
    double sum = 0;
    for (int i = 0; i < nodes; ++i) {
        const double u = low + length * (i + 0.5) / nodes;
        sum += std::exp(-0.5 * u * u - half_log_two_pi) *
               normal_cdf((correlation * u - high) / std::sqrt(1 - correlation * correlation));
    }
    return sum * length / nodes;
}

/// Outputs with the scores of x that `scores` writes.
template <class Scores>
Problem problem_of(std::int64_t dim, std::int64_t outputs, Scores scores) {
    return Problem(Model([=](ConstView x) {
                       Outputs out{Matrix(x.rows, outputs), Matrix(x.rows, outputs)};
                       for (std::int64_t i = 0; i < x.rows; ++i) {
                           scores(x.row(i), out.score.view().row(i));
                           for (std::int64_t j = 0; j < outputs; ++j) out.y(i, j) = out.score(i, j) > 0;
                       }
                       return out;
                   }), testing::standard_normal(dim));
}

/// Two components, their union and their intersection.
Problem two_components() {
    return problem_of(6, 4, [](std::span<const double> x, std::span<double> s) {
        s[0] = x[0] - low;
        s[1] = correlation * x[0] + std::sqrt(1 - correlation * correlation) * x[1] - high;
        s[2] = std::max(s[0], s[1]);
        s[3] = std::min(s[0], s[1]);
    });
}

}  // namespace

TEST_CASE(
    "systems: components, their union and their intersection from one run have bivariate-normal probabilities, and add "
    "up") {
    const double inside = both();
    REQUIRE(inside < 0.01 * normal_cdf(-low) * normal_cdf(-high));   // against the correlation
    const std::vector<double> exact{normal_cdf(-low), normal_cdf(-high), normal_cdf(-low) + normal_cdf(-high) - inside, inside};
    const Problem problem = two_components();
    for (std::uint64_t key = 1; key <= 3; ++key) {
        const Run run{.budget = 20'000, .rng = key, .threads = 1};
        const Estimate found = form(problem, run);
        for (std::size_t j = 0; j < 4; ++j) CHECK(found.std_error()[j] < 0.03 * exact[j]);
        for (const Estimate& e : {found, cross_entropy(problem, run)}) {
            for (std::size_t j = 0; j < 4; ++j) CHECK(std::abs(e.value[j] - exact[j]) < 5 * e.std_error()[j]);
            CHECK(e.value[0] + e.value[1] - e.value[3] == doctest::Approx(e.value[2]).epsilon(1e-9));   // the same points
        }
    }
}

TEST_CASE("systems: every method agrees on series and parallel systems of correlated components") {
    for (const bool parallel : {false, true}) {
        const testing::KnownProblem known = parallel ? testing::component_system(8, {2.5, 3}, 0.5, true)
                                                     : testing::component_system(8, {3.5, 3.7}, 0.5);
        const Run run{.budget = 20'000, .rng = 11, .threads = 1};
        for (const Estimate& e : {form(known.problem, run), cross_entropy(known.problem, run),
                                  subset(known.problem, run), line_sampling(known.problem, run)})
            CHECK(std::abs(e.value[0] - known.exact[0]) < 5 * e.std_error()[0]);
    }
}

TEST_CASE("systems: form finds the corner of each parallel part of a mixed system, and both are sampled") {
    // (A and B) or (C and D), four independent inputs
    const Problem mixed = problem_of(6, 1, [](std::span<const double> x, std::span<double> s) {
        s[0] = std::max(std::min(x[0] - 2, x[1] - 2.5), std::min(-x[2] - 2.2, x[3] - 2.3));
    });
    const double first = normal_cdf(-2) * normal_cdf(-2.5), second = normal_cdf(-2.2) * normal_cdf(-2.3),
                 exact = first + second - first * second;
    for (std::uint64_t key = 1; key <= 5; ++key) {
        const Estimate e = form(mixed, {.budget = 10'000, .rng = key, .threads = 1});
        CHECK(std::abs(e.value[0] - exact) < 5 * e.std_error()[0]);
        CHECK(e.std_error()[0] < 0.05 * exact);
        auto beta = std::get<std::vector<double>>(e.diagnostics.at("beta"));
        std::ranges::sort(beta);
        REQUIRE(beta.size() >= 2);
        CHECK(beta[0] == doctest::Approx(std::hypot(2.2, 2.3)).epsilon(5e-3));
        CHECK(beta[1] == doctest::Approx(std::hypot(2, 2.5)).epsilon(5e-3));
    }
}

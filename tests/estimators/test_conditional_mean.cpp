#include <buffon/conditional_mean.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/plain.hpp>

using namespace buffon;

namespace {

/// Standard normal a and b = a / 2 + noise.
const Problem& pair() {
    static const Problem problem([](std::span<const double> x) { return std::vector{x[0], 0.5 * x[0] + x[1]}; },
                                 Distribution(Joint({Normal(), Normal()})), {"a", "b"});
    return problem;
}

double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI); }

}  // namespace

TEST_CASE("given a normal output beyond a threshold the means are those of Mills' ratio") {
    const Run run{.budget = 20'000, .rng = 5, .threads = 1, .keep = Keep::sample};
    for (const Estimate& from : {plain(pair(), run), aiscv(pair(), run)}) {
        const Estimate e = conditional_mean(*from.sample, {.given = "a", .above = 1.5});
        CHECK(e.names == std::vector<std::string>{"E[a | a > 1.5]", "E[b | a > 1.5]"});
        const double mills = density(1.5) / normal_cdf(-1.5);
        CHECK(std::abs(e.value[0] - mills) < 5 * e.std_error()[0]);
        CHECK(std::abs(e.value[1] - mills / 2) < 5 * e.std_error()[1]);
        CHECK(e.covariance(0, 1) > 0);
    }
}

TEST_CASE("events between thresholds, under another law") {
    const Sample s = *plain(pair(), {.budget = 40'000, .rng = 6, .threads = 1, .keep = Keep::sample}).sample;
    const Distribution law = Joint({Normal(0.3, 1), Normal()});
    const Estimate e = conditional_mean(s, {.given = "a", .above = 0.0, .below = 1.0, .law = law, .outputs = {"b"}});
    const double truth = 0.3 + (density(-0.3) - density(0.7)) / (normal_cdf(0.7) - normal_cdf(-0.3));
    CHECK(e.names == std::vector<std::string>{"E[b | 0 < a < 1]"});
    CHECK(std::abs(e.value[0] - truth / 2) < 5 * e.std_error()[0]);
}

TEST_CASE("events that are none, or that nobody saw, are refused") {
    const Sample s = *plain(pair(), {.budget = 100, .rng = 7, .threads = 1, .keep = Keep::sample}).sample;
    CHECK_THROWS_WITH_AS(conditional_mean(s, {.given = "a"}),
                         "conditional_mean: above or below is needed: the event that is given", std::invalid_argument);
    CHECK_THROWS_WITH_AS(conditional_mean(s, {.above = 1.0}),
                         "conditional_mean: given is needed: the sample has 2 outputs", std::invalid_argument);
    CHECK_THROWS_WITH_AS(conditional_mean(s, {.given = "a", .above = 9.0}),
                         "conditional_mean: no row of the sample tells 'E[a | a > 9]'", std::invalid_argument);
}

#include <buffon/perturbed_law.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/plain.hpp>

#include "kept_line.hpp"

using namespace buffon;

namespace {

double probability(double mean, double variance) { return normal_cdf((mean - 6) / std::sqrt(variance)); }

double index(double mean, double variance) {
    const double before = probability(1, 8), after = probability(mean, variance);
    return after >= before ? after / before - 1 : 1 - before / after;
}

}  // namespace

TEST_CASE("indices of means and probabilities are those of the normal law, from any sample") {
    for (int estimator = 0; estimator < 4; ++estimator) {
        CAPTURE(estimator);
        const Sample s = sample_by(estimator, 21);
        const Estimate mean = perturbed_law(s, {.delta = {-0.5, 0.5}});
        const Estimate variance = perturbed_law(s, {.inputs = {"b"}, .delta = {0.2}, .perturb = Perturb::variance});
        // shifts of half a standard deviation: 1 of y by either input
        const double truth[] = {-1, index(0, 8), 1, index(2, 8), -1, index(0, 8), 1, index(2, 8)};
        for (std::size_t v = 0; v < 8; ++v) CHECK(std::abs(mean.value[v] - truth[v]) < 5 * mean.std_error()[v]);
        CHECK(std::abs(variance.value[0]) < 5 * variance.std_error()[0]);
        CHECK(std::abs(variance.value[1] - index(1, 8.8)) < 5 * variance.std_error()[1]);
        CHECK(mean.names[5] == "b mean -0.5: P");
    }
}

TEST_CASE("no perturbation gives an index of 0 without error") {
    const Estimate e = perturbed_law(sample_by(0, 22), {.inputs = {"a"}, .delta = {0.0}});
    for (std::size_t v = 0; v < 2; ++v) {
        CHECK(std::abs(e.value[v]) < 1e-9);
        CHECK(e.std_error()[v] < 1e-8);
    }
}

TEST_CASE("a normal law is tilted as its scores are, and as it is replaced") {
    const Sample s = sample_by(0, 23);
    const Estimate tilted = perturbed_law(s, {.inputs = {"a"}, .delta = {0.3}});
    const Estimate scores = perturbed_law(s, {.inputs = {"a"}, .delta = {0.3}, .space = Space::normal});
    const Estimate absolute = perturbed_law(s, {.inputs = {"a"}, .delta = {0.6}, .absolute = true});
    const Estimate replaced =
        perturbed_law(s, {.inputs = {"a"}, .perturb = Perturb::marginal, .marginals = {Distribution(Normal(1.6, 2))}});
    for (std::size_t v = 0; v < 2; ++v)
        for (const Estimate* other : {&scores, &absolute, &replaced})
            CHECK(other->value[v] == doctest::Approx(tilted.value[v]).epsilon(1e-7));
    CHECK(replaced.names[0] == "a law 1: y");
}

TEST_CASE("indices of quantiles are their relative changes") {
    const Estimate e =
        perturbed_law(sample_by(0, 24),
                      {.delta = {-0.5, 0.5}, .quantity = PerturbedQuantity::quantile, .level = 0.9, .outputs = {"y"}});
    const double q = 1 + std::sqrt(8.0) * normal_quantile(0.9), truth[] = {-1 / q, 1 / q, -1 / q, 1 / q};
    for (std::size_t v = 0; v < 4; ++v) CHECK(std::abs(e.value[v] - truth[v]) < 5 * e.std_error()[v]);
    CHECK(e.std_error()[0] < 0.03);
}

TEST_CASE("between dependent inputs the law of the others given the perturbed one stays") {
    const Joint dependent({Normal(0, 1), Normal(0, 1)}, {"a", "b"}, GaussianCopula([] {
                              Matrix r(2, 2, 0.6);
                              r(0, 0) = r(1, 1) = 1;
                              return r;
                          }()));
    const Problem problem([](std::span<const double> x) { return 10 + x[1]; }, Distribution(dependent));
    const Sample s = *plain(problem, kept(20'000, 25)).sample;
    const Estimate e = perturbed_law(s, {.inputs = {"a"}, .delta = {0.5}});
    CHECK(std::abs(e.value[0] - 0.5 * 0.6 / 10) < 5 * e.std_error()[0]);   // b follows a
}

TEST_CASE("far perturbations warn, those that cannot be are refused with a way out") {
    const Sample s = sample_by(0, 26, 1'000);
    CHECK_FALSE(perturbed_law(s, {.inputs = {"a"}, .delta = {2.5}, .outputs = {"y"}}).warnings.empty());
    CHECK_THROWS_AS(perturbed_law(s, {.inputs = {"a"}, .delta = {2.5}, .outputs = {"y"}, .doubtful = Doubtful::raise}),
                    std::invalid_argument);
    CHECK_THROWS_WITH_AS(perturbed_law(s, {.inputs = {"c"}}), "perturbed_law: there is no input 'c'; did you mean 'a'?",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(perturbed_law(s, {.delta = {-1.5}, .perturb = Perturb::variance, .space = Space::normal}),
                         "perturbed_law: 'a': the variance must stay positive, got -0.5 of its former value",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(perturbed_law(s, {.perturb = Perturb::marginal}),
                         "perturbed_law: perturb = 'marginal' needs marginals: the new laws of the input", std::invalid_argument);
}

TEST_CASE("an input whose law cannot be tilted is left out, with its reason, and the others are as without it") {
    const Problem problem([](std::span<const double> x) { return 5 + x[1] + std::tanh(x[0]); },
                          Distribution(Joint({StudentT(1.5), Normal()}, {"heavy", "a"})));
    const Sample s = *plain(problem, kept(2'000, 27)).sample;
    const Estimate e = perturbed_law(s, {.delta = {0.2}}), alone = perturbed_law(s, {.inputs = {"a"}, .delta = {0.2}});
    CHECK(e.names == alone.names);
    CHECK(e.value == alone.value);
    CHECK(std::get<std::vector<std::string>>(e.diagnostics.at("skipped")) == std::vector<std::string>{"heavy"});
    CHECK(std::ranges::count(
              e.warnings,
              "input left out, 'heavy': the law must have a variance; space = 'normal' shifts normal scores instead") ==
          1);
    CHECK_THROWS_WITH_AS(
        perturbed_law(s, {.inputs = {"heavy"}, .delta = {0.2}}),
        "perturbed_law: 'heavy': the law must have a variance; space = 'normal' shifts normal scores instead",
        std::invalid_argument);
}

TEST_CASE("a mean that is about 0 is said to have no relative changes to speak of") {
    const auto told = [](double shift) {
        const Problem problem([shift](std::span<const double> x) { return shift + x[0]; },
                              Distribution(Joint({Normal()}, {"a"})));
        return std::ranges::any_of(perturbed_law(*plain(problem, kept(1'000, 28)).sample, {.delta = {0.2}}).warnings,
                                   [](const std::string& w) { return w.starts_with("'y' is about 0 ("); });
    };
    CHECK(told(0));
    CHECK_FALSE(told(1));   // 32 standard errors
}

#include <buffon/sample_options.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/conditional_mean.hpp>
#include <buffon/law_derivatives.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/perturbed_law.hpp>
#include <buffon/plain.hpp>
#include <buffon/quantile.hpp>
#include <buffon/reweight.hpp>
#include <buffon/superquantile.hpp>

using namespace buffon;

namespace {

/// Names and helps of the fields.
template <class Options>
std::vector<std::pair<std::string, std::string>> described() {
    return std::apply(
        [](const auto&... field) {
            return std::vector{std::pair(std::string(field.name), std::string(field.help))...};
        },
        Options::fields());
}

}  // namespace

TEST_CASE("sample options: the shared fields come last and have one description, whatever stands before") {
    const auto quantiles = described<QuantileOptions>();
    REQUIRE(quantiles.size() == 5);
    CHECK(quantiles[0].first == "law");
    const auto check = [&](const auto& fields, std::size_t own, std::size_t from) {
        REQUIRE(fields.size() == own + 5 - from);
        for (std::size_t k = from; k < 5; ++k) {
            CHECK(fields[own + k - from].first == quantiles[k].first);
            if (quantiles[k].first != "controls") CHECK(fields[own + k - from].second == quantiles[k].second);
        }
    };
    check(described<SuperquantileOptions>(), 1, 0);
    check(described<ConditionalMeanOptions>(), 3, 0);
    check(described<LawDerivativesOptions>(), 5, 0);
    check(described<PerturbedLawOptions>(), 8, 0);
    check(described<ReweightOptions>(), 2, 1);   // the law is an argument of its own
}

TEST_CASE("sample options: mass that the sample does not cover is noticed by every function of a new law") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Uniform(0, 1)));
    const Sample s = *plain(problem, {.budget = 5'000, .rng = 16, .keep = Keep::sample}).sample;
    const Distribution wide(Uniform(0, 2));
    const auto check = [](const Estimate& e) {
        REQUIRE(e.warnings.size() >= 2);
        CHECK(e.warnings[0].starts_with("the mean weight is 0.5 +- 0, not 1"));
        CHECK(e.warnings[1] == "this law has mass where the sample's has none: 'x1' outside [0, 1]");
    };
    const auto first_two = [](Estimate e) {   // those of the laws, after what else the estimate warns of
        std::erase_if(e.warnings, [](const std::string& w) {
            return !w.starts_with("the mean weight") && !w.starts_with("this law");
        });
        return e;
    };
    check(first_two(reweight(s, wide)));
    check(first_two(quantile(s, {0.5}, {.law = wide})));
    check(first_two(superquantile(s, {0.5}, {.law = wide})));
    check(first_two(conditional_mean(s, {.above = 0.5, .law = wide})));
    CHECK(quantile(s, {0.5}, {.law = Distribution(Uniform(0, 1))}).warnings.empty());
}

#include <buffon/quantile.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/importance.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>

using namespace buffon;

namespace {

/// y = x, standard normal, and exp(y).
const Problem& both() {
    static const Problem problem([](std::span<const double> x) { return std::vector{x[0], std::exp(x[0])}; },
                                 Distribution(Normal()), {"y", "e"});
    return problem;
}

Run kept(std::int64_t budget, std::uint64_t key) { return {.budget = budget, .rng = key, .threads = 1, .keep = Keep::sample}; }

Sample sample_by(int estimator, std::uint64_t key, std::int64_t budget = 4'000) {
    const Run run = kept(budget, key);
    if (estimator == 0) return *plain(both(), run).sample;
    if (estimator == 1) return *quasi(both(), run).sample;
    if (estimator == 2) return *importance(both(), run, {.proposal = Distribution(Normal(0.5, 1.5))}).sample;
    return *aiscv(both(), run).sample;
}

}  // namespace

TEST_CASE("of independent rows the interval ends at the order statistics of its ranks") {
    const Sample s = sample_by(0, 3, 1'000);
    const Estimate e = quantile(s, {0.9}, {.outputs = {"y"}});
    std::vector<double> sorted;
    for (std::int64_t i = 0; i < s.n(); ++i) sorted.push_back(s.y(i, 0));
    std::ranges::sort(sorted);
    // ranks 1000 (0.9 -+ z sqrt(0.09 / 999)) = 881.4 and 918.6
    const auto [low, high] = e.confidence_interval(0.95);
    CHECK(e.value[0] == sorted[899]);
    CHECK(low[0] == sorted[881]);
    CHECK(high[0] == sorted[918]);
    CHECK(e.std_error()[0] ==
          doctest::Approx((high[0] - low[0]) / 2 / 1.959964).epsilon(1e-2));   // Student, for the tenth beyond
    CHECK(e.names == std::vector<std::string>{"q0.9(y)"});
}

TEST_CASE("quantiles follow monotone functions of the output, intervals too") {
    const Estimate e = quantile(sample_by(1, 4), {0.2, 0.99});
    const auto [low, high] = e.confidence_interval(0.95);
    for (std::size_t l = 0; l < 2; ++l) {
        CHECK(std::exp(e.value[l]) == doctest::Approx(e.value[2 + l]).epsilon(1e-14));
        CHECK(std::exp(low[l]) == doctest::Approx(low[2 + l]).epsilon(1e-14));
        CHECK(std::exp(high[l]) == doctest::Approx(high[2 + l]).epsilon(1e-14));
    }
    CHECK(e.covariance(0, 2) / std::sqrt(e.covariance(0, 0) * e.covariance(2, 2)) == doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("the sample of every estimator gives the quantiles of its law and of another, covered 95 times in 100") {
    const Distribution other{Normal(0.2, 1.1)};
    for (int estimator = 0; estimator < 4; ++estimator) {
        CAPTURE(estimator);
        int covered = 0;
        constexpr int repetitions = 200;
        for (int r = 0; r < repetitions; ++r) {
            const Sample s = sample_by(estimator, 900 + static_cast<std::uint64_t>(r), 2'000);
            const Estimate e = quantile(s, {0.1, 0.95}, {.law = other, .outputs = {"y"}});
            const auto [low, high] = e.confidence_interval(0.95);
            for (std::size_t l = 0; l < 2; ++l) {
                const double truth = 0.2 + 1.1 * normal_quantile(l == 0 ? 0.1 : 0.95);
                covered += low[l] <= truth && truth <= high[l];
            }
        }
        // 380 of 400, sd 4.4 or, with both levels dependent, up to 6.2
        CHECK(covered > 380 - 4 * 6.2);
        CHECK(covered < 400);
    }
}

TEST_CASE("levels beyond the sample warn, levels that are none are refused") {
    const Sample s = sample_by(0, 5, 100);
    const Estimate e = quantile(s, {0.995}, {.outputs = {"y"}, .doubtful = Doubtful::warn});
    CHECK(std::ranges::any_of(
        e.warnings, [](const std::string& w) { return w.ends_with("a larger one is needed for this level"); }));
    CHECK_THROWS_WITH_AS(quantile(s, {1.0}), "quantile: levels must lie between 0 and 1, got 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(quantile(s, {}), "quantile: at least one level is needed", std::invalid_argument);
}

TEST_CASE("intervals at other levels lie between, and none of them survives a transformation") {
    const Estimate e = quantile(sample_by(0, 6), {0.5}, {.outputs = {"y"}});
    const auto [a, b] = e.confidence_interval(0.90);
    const auto [c, d] = e.confidence_interval(0.93);
    const auto [f, g] = e.confidence_interval(0.95);
    CHECK(f[0] <= c[0]);
    CHECK(c[0] <= a[0]);
    CHECK(b[0] <= d[0]);
    CHECK(d[0] <= g[0]);
    CHECK(e.confidence_interval(1e-9).first[0] == doctest::Approx(e.value[0]).epsilon(1e-6));
    CHECK(e.transform([](const std::vector<double>& v) { return v; }).bounds.levels.empty());
}

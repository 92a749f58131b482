#include <buffon/form.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/extend.hpp>
#include <buffon/laws/lognormal.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

struct Study {
    double w = 0;         // evaluations x mean squared relative error of the first value
    double covered = 0;
    double calibration = 0;   // mean of (value - truth)^2 / variance
    double found = 0;     // share of runs above 3/4 of the truth
};

Study study(const testing::KnownProblem& known, int keys, std::int64_t budget, const FormOptions& options = {}) {
    Study s;
    for (int key = 1; key <= keys; ++key) {
        const Estimate e = form(known.problem, {.budget = budget, .rng = static_cast<std::uint64_t>(key), .threads = 1}, options);
        const auto [low, high] = e.confidence_interval();
        const double error = e.value[0] - known.exact[0];
        s.w += static_cast<double>(e.n) * std::pow(error / known.exact[0], 2) / keys;
        s.covered += (low[0] <= known.exact[0] && known.exact[0] <= high[0]) / static_cast<double>(keys);
        s.calibration += error * error / e.covariance(0, 0) / keys;
        s.found += (e.value[0] > 0.75 * known.exact[0]) / static_cast<double>(keys);
    }
    return s;
}

double beta_of(double p) { return -normal_quantile(p); }

}  // namespace

TEST_CASE("form: one and two regions in 10 and 50 inputs, 1e-4 and 1e-6, have W of at most 5 and 15") {
    for (const std::int64_t d : {10, 50})
        for (const double p : {1e-4, 1e-6}) {
            const Study one = study(testing::linear_exceedance(d, {beta_of(p)}), 20, 2'500);
            const Study two = study(testing::two_sided_exceedance(d, {beta_of(p / 2)}), 20, 2'500);
            MESSAGE(d << " inputs, p " << p << ": W " << one.w << " and " << two.w);
            CHECK(one.w <= 5);
            CHECK(two.w <= 15);
            CHECK(one.found > 0.99);
            CHECK(two.found > 0.99);
        }
}

TEST_CASE("form: intervals cover and variances are those of the errors, with a single descent too where that misses nothing") {
    for (const FormOptions& options : {FormOptions{}, FormOptions{.starts = 0}, FormOptions{.points = Points::iid}}) {
        const Study s = study(testing::linear_exceedance(10, {4.0}), 150, 2'000, options);
        MESSAGE("covered " << s.covered << ", calibration " << s.calibration);
        CHECK(s.covered > 0.89);                    // 0.95 with an error of 0.018
        CHECK(s.calibration > 0.7);
        CHECK(s.calibration < 1.5);   // Student with few replicates: f / (f - 2)
    }
}

TEST_CASE("form: a single descent from one side loses half of a two-sided event") {
    const Study s = study(testing::two_sided_exceedance(10, {4.5}), 10, 4'000, {.starts = 0});
    CHECK(s.found == 0);
}

TEST_CASE("form: a region that the search missed and the input law's share hits is told") {
    const testing::KnownProblem known = testing::two_sided_exceedance(10, {2.3});
    int told = 0;
    for (std::uint64_t key = 1; key <= 10; ++key) {
        const Estimate e = form(known.problem, {.budget = 4'000, .rng = key, .threads = 1}, {.starts = 0});
        told += std::ranges::any_of(
                    e.warnings,
                    [](const std::string& w) { return w.find("a region may be missed") != std::string::npos; }) ||
                std::abs(e.value[0] - known.exact[0]) < 4 * e.std_error()[0];
    }
    CHECK(told == 10);
}

TEST_CASE("form: several levels of one function and of another, each with its own points") {
    const Problem base([](std::span<const double> x) { return std::vector<double>{x[0] + x[1], -x[2]}; },
                       testing::standard_normal(4));
    const auto model = [base](ConstView x) {
        const Outputs raw = base(x);
        Outputs out{Matrix(x.rows, 3), Matrix(x.rows, 3)};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            const double s[] = {raw.y(i, 0) / std::sqrt(2.0) - 3, raw.y(i, 0) / std::sqrt(2.0) - 4, raw.y(i, 1) - 3.5};
            for (std::int64_t j = 0; j < 3; ++j) {
                out.score(i, j) = s[j];
                out.y(i, j) = s[j] > 0;
            }
        }
        return out;
    };
    const Estimate e = form(Problem(Model(model), testing::standard_normal(4)), {.budget = 10'000, .rng = 5});
    const std::vector<double> exact{normal_cdf(-3), normal_cdf(-4), normal_cdf(-3.5)};
    for (std::size_t j = 0; j < 3; ++j) {
        CHECK(std::abs(e.value[j] - exact[j]) < 5 * e.std_error()[j]);
        CHECK(e.std_error()[j] < 0.03 * exact[j]);
        CHECK(std::get<std::vector<double>>(e.diagnostics.at("first_order"))[j] == doctest::Approx(exact[j]).epsilon(1e-3));
    }
    CHECK(e.covariance(0, 1) != 0);
}

TEST_CASE("form: an intersection of half-spaces is sampled at its corner") {
    const auto model = [](ConstView x) {
        Outputs out{Matrix(x.rows, 1), Matrix(x.rows, 1)};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            out.score(i, 0) = std::min(x(i, 0) - 2, x(i, 1) - 3);
            out.y(i, 0) = out.score(i, 0) > 0;
        }
        return out;
    };
    const double exact = normal_cdf(-2) * normal_cdf(-3);
    const Estimate e = form(Problem(Model(model), testing::standard_normal(5)), {.budget = 10'000, .rng = 2});
    CHECK(std::abs(e.value[0] - exact) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] < 0.05 * exact);
}

TEST_CASE("form: design points are in the inputs' units, log-normal ones too") {
    // R / S of log-normals: log R - log S is normal, P(R < S) = Phi(-(1 - 0) / sqrt(0.1^2 + 0.2^2))
    const Problem ratio([](std::span<const double> x) { return x[1] / x[0]; },
                        Distribution(Joint({LogNormal(1, 0.1), LogNormal(0, 0.2)})));
    const Estimate e = form(exceedance(ratio, {1.0}), {.budget = 5'000, .rng = 1});
    const double beta = 1 / std::sqrt(0.05);
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("beta")).at(0) == doctest::Approx(beta).epsilon(1e-3));
    const auto place = std::get<std::vector<double>>(e.diagnostics.at("design_points"));
    CHECK(place.at(0) == doctest::Approx(place.at(1)).epsilon(1e-2));
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("importance_factors")).at(1) == doctest::Approx(0.8).epsilon(1e-2));
    CHECK(std::abs(e.value[0] - normal_cdf(-beta)) < 5 * e.std_error()[0]);
}

TEST_CASE("form: an event without a design point is told: stairs have no gradient") {
    const auto stairs = exceedance(
        Problem([](std::span<const double> x) { return std::floor(x[0] + x[1] - 5); }, testing::standard_normal(2)),
        {-0.5});
    const auto says = [](const Estimate& e) {
        return std::ranges::any_of(
            e.warnings, [](const std::string& w) { return w.find("no design point was found") != std::string::npos; });
    };
    CHECK(says(form(stairs, {.budget = 5'000, .rng = 1})));
    CHECK_FALSE(says(form(testing::linear_exceedance(2, {3.5}).problem, {.budget = 5'000, .rng = 1})));
}

TEST_CASE("form: design points are found far out, where probabilities are 3e-138") {
    for (const double beta : {11.0, 20.0, 25.0}) {
        const testing::KnownProblem known = testing::linear_exceedance(4, {beta});
        const Estimate e = form(known.problem, {.budget = 8'000, .rng = 1});
        CAPTURE(beta);
        CHECK(std::abs(e.value[0] / known.exact[0] - 1) < 5 * e.std_error()[0] / known.exact[0]);
        CHECK(e.std_error()[0] < 0.05 * known.exact[0]);
    }
}

TEST_CASE("form: outputs without a score are means under the input law") {
    const Problem problem([](std::span<const double> x) { return x[0] * x[0]; }, testing::standard_normal(2));
    const Estimate e = form(problem, {.budget = 5'000, .rng = 1});
    CHECK(std::get<std::string>(e.diagnostics.at("stop")) == "no score");
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings.front().starts_with("form: no output has a score"));
    CHECK(std::abs(e.value[0] - 1) < 5 * e.std_error()[0]);
}

TEST_CASE("form: a kept run can be extended, and no budget is exceeded") {
    const testing::KnownProblem known = testing::two_sided_exceedance(5, {4.0});
    const Estimate e = form(known.problem, {.budget = 3'000, .rng = 4, .keep = Keep::state});
    const Estimate more = extend(e, known.problem, {.budget = 12'000});
    CHECK(more.n > 10'000);
    CHECK(more.n <= 12'000);
    CHECK(std::abs(more.value[0] - known.exact[0]) < 5 * more.std_error()[0]);
    CHECK(more.std_error()[0] < e.std_error()[0]);
    for (const std::int64_t budget : {32, 50, 100, 331, 1'000})
        CHECK(form(known.problem, {.budget = budget, .rng = 1}).n <= budget);
}

TEST_CASE("form: options that cannot be are named") {
    const testing::KnownProblem known = testing::linear_exceedance(2, {2.0});
    CHECK_THROWS_WITH_AS(form(known.problem, {.budget = 1'000}, {.starts = -1}),
                         "form: starts must be at least 0, got -1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(form(known.problem, {.budget = 1'000}, {.step = 0}),
                         "form: step must lie between 0 and 1, got 0", std::invalid_argument);
    CHECK_THROWS_WITH_AS(form(known.problem, {.budget = 1'000}, {.weights = {1, 2}}),
                         "form: weights must have one entry per output, 1, got 2", std::invalid_argument);
}

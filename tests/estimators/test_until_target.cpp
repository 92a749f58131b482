#include <buffon/until_target.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/extend.hpp>
#include <buffon/form.hpp>
#include <buffon/importance.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/plain.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/quasi.hpp>
#include <buffon/sobol.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Problem event(std::atomic<std::int64_t>* calls = nullptr) {
    return Problem([calls](std::span<const double> x) {
        if (calls != nullptr) ++*calls;
        return std::vector{x[0], x[0] > 2.0 ? 1.0 : 0.0};
    }, testing::standard_normal(1), {"mean", "P"});
}

double half_width(const Estimate& e, std::size_t j) {
    const auto [low, high] = e.confidence_interval(0.95);
    return (high[j] - low[j]) / 2;
}

bool warns(const Estimate& e, const std::string& text) {
    return std::ranges::any_of(e.warnings, [&](const std::string& w) { return w.find(text) != std::string::npos; });
}

/// {x_1 + x_2^2, 1} of three normals; the third is inert.
const Problem inert_and_constant([](std::span<const double> x) { return std::vector{x[0] + x[1] * x[1], 1.0}; },
                                 testing::standard_normal(3), {"y", "one"});

/// Some of six normals is above 4: six design points.
Problem series() {
    return Problem(Model([](ConstView x) {
        Outputs out{Matrix(x.rows, 1), Matrix(x.rows, 1)};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            out.score(i, 0) = *std::ranges::max_element(x.row(i)) - 4;
            out.y(i, 0) = out.score(i, 0) > 0;
        }
        return out;
    }), testing::standard_normal(6), {"P"});
}

const std::string& stop(const Estimate& e) { return std::get<std::string>(e.diagnostics.at("stop")); }
const std::vector<double>& stages(const Estimate& e) { return std::get<std::vector<double>>(e.diagnostics.at("stages")); }

}  // namespace

TEST_CASE("until_target: the interval is as narrow as asked for, at a cost near that of knowing the variance") {
    std::atomic<std::int64_t> calls = 0;
    const Problem problem = event(&calls);
    const Estimate e = plain(problem, {.budget = 1'000'000, .target_error = {{"mean", 0.02}}, .rng = 3});
    CHECK(stop(e) == "target");
    CHECK(half_width(e, 0) <= 0.02);
    CHECK(e.n == calls);
    CHECK(e.n == stages(e).back());
    const double oracle = std::pow(1.959964 / 0.02, 2);   // 9,604
    CHECK(e.n > 0.9 * oracle);
    CHECK(e.n < 1.4 * oracle);
    CHECK(!e.state);
}

TEST_CASE("until_target: the estimate of plain and importance is that of one run with as many evaluations, bit for bit") {
    const Problem problem = event();
    const Run until{.budget = 100'000, .target_error = {{"P", relative(0.1)}}, .rng = 5};
    const ImportanceOptions wide{.proposal = testing::independent(1, Normal(1.0, 1.5))};
    const Estimate a = plain(problem, until), b = importance(problem, until, wide);
    CHECK(stop(a) == "target");
    CHECK(stop(b) == "target");
    CHECK(a.value == plain(problem, {.budget = a.n, .rng = 5}).value);
    CHECK(a.covariance.data == plain(problem, {.budget = a.n, .rng = 5}).covariance.data);
    CHECK(b.value == importance(problem, {.budget = b.n, .rng = 5}, wide).value);
    CHECK(b.n < a.n);
}

TEST_CASE("until_target: a budget that ends before the target is spent to the last evaluation, and it says so") {
    const Estimate e = plain(event(), {.budget = 5'000, .target_error = 1e-4, .rng = 1});
    CHECK(e.n == 5'000);
    CHECK(stop(e) == "budget");
    REQUIRE(!e.warnings.empty());
    CHECK(e.warnings.back().find("the target error was not reached with 5,000 evaluations: that of 'mean' is 279 times") == 0);
}

TEST_CASE("until_target: an event without a hit has no error that could be believed") {
    const Problem never([](std::span<const double> x) { return std::vector{x[0] > 1e3 ? 1.0 : 0.0}; },
                        testing::standard_normal(1), {"P"});
    const Estimate e = plain(never, {.budget = 20'000, .target_error = 0.5, .rng = 1});
    CHECK(e.n == 20'000);
    CHECK(stop(e) == "budget");
    CHECK(e.warnings.back() ==
          "the target error was not reached with 20,000 evaluations: the error of 'P' is 0, as of an event that was "
          "never hit; a larger budget helps");
}

TEST_CASE("until_target: a miss says by how much, and why an error is not believed") {
    const Estimate narrow = plain(event(), {.budget = 10'000, .rng = 1});
    const Estimate close =
        plain(event(), {.budget = 10'000, .target_error = {{"mean", half_width(narrow, 0) / 1.0351}}, .rng = 1});
    CHECK(warns(close, "that of 'mean' is 1.04 times what was asked for; a larger budget helps"));
    const Problem rare([](std::span<const double> x) { return std::vector{x[0] > 3.5 ? 1.0 : 0.0}; },
                       testing::standard_normal(1), {"P"});
    const Estimate few = plain(rare, {.budget = 10'000, .target_error = 0.5, .rng = 1});
    REQUIRE(few.value[0] > 0);
    CHECK(stop(few) == "budget");
    CHECK(warns(few, "evaluations: too few terms carry 'P', as if "));
}

TEST_CASE("until_target: the first stage of adaptive Sobol' indices is one that the method takes") {
    for (const std::int64_t d : {2, 3, 8}) {
        const Problem linear([](std::span<const double> x) { return 3 + x[0] + 0.5 * x[1]; }, testing::standard_normal(d));
        const Estimate e =
            sobol(linear, {.budget = 100'000, .target_error = 0.05, .rng = 1}, {.method = SobolMethod::aiscv}).joint;
        CHECK(stop(e) == "target");
        CHECK(stages(e).front() > 180 * (2 * static_cast<double>(d) + 1));   // about 200 pairs
    }
}

TEST_CASE(
    "until_target: what is known exactly keeps no run of Sobol' indices going, nor does an output that does not vary "
    "beside others") {
    const SobolOptions plain_rows{.method = SobolMethod::saltelli};
    const Run run{.budget = 400'000, .target_error = 0.05, .rng = 1};
    const Estimate fresh = sobol(inert_and_constant, run, plain_rows).joint;
    const Estimate before = sobol(inert_and_constant, {.budget = 2'000, .rng = 1, .keep = Keep::state}, plain_rows).joint;
    const Estimate more = extend(before, inert_and_constant, {.budget = 400'000, .target_error = 0.05});
    for (const Estimate* e : {&fresh, &more}) {
        CHECK(stop(*e) == "target");
        CHECK(e->n < 200'000);
        CHECK(warns(*e, "output 'one' is the same at every point"));
        CHECK(half_width(*e, 4) == 0);   // first order of the third input
        CHECK(half_width(*e, 0) > 0);
    }
    const Problem constant([](std::span<const double>) { return 1.0; }, testing::standard_normal(2));
    CHECK(stop(sobol(constant, {.budget = 5'000, .target_error = 0.05, .rng = 1}).joint) == "budget");
}

TEST_CASE("until_target: a search for design points that its budget ended is told, and no stage of it is believed") {
    const char* const text = "the search for design points ended with its budget: regions may be missed";
    const Estimate e = form(series(), {.budget = 50'000, .target_error = relative(0.05), .rng = 109});
    const double exact = -std::expm1(6 * std::log1p(-normal_cdf(-4)));
    CHECK(stop(e) == "target");
    CHECK(std::get<std::string>(e.diagnostics.at("adaptation_stop")) == "starts");
    CHECK(std::abs(e.value[0] - exact) < 0.07 * exact);
    CHECK_FALSE(warns(e, text));
    const Estimate small = form(series(), {.budget = 2'000, .rng = 109, .keep = Keep::state});
    CHECK(warns(small, text));
    CHECK(warns(extend(small, series(), {.budget = 4'000}), text));
    const Estimate missed = form(series(), {.budget = 2'500, .target_error = relative(0.9), .rng = 109});
    CHECK(stop(missed) == "budget");
    CHECK(warns(missed, text));
    CHECK(warns(missed, "the adaptation was still under way when its part of the budget ended"));
}

TEST_CASE("until_target: a stage is never more than sixteen times the one that planned it, four where few terms carry the mean") {
    const Problem rare([](std::span<const double> x) { return std::vector{x[0] > 3.0 ? 1.0 : 0.0}; },
                       testing::standard_normal(1), {"P"});
    const std::vector<double> rare_stages = stages(plain(rare, {.budget = 200'000, .target_error = relative(0.01), .rng = 2}));
    REQUIRE(rare_stages.size() > 3);
    CHECK(rare_stages[1] == 4 * rare_stages[0]);
    const std::vector<double> far = stages(plain(event(), {.budget = 1'000'000, .target_error = {{"mean", 1e-3}}, .rng = 2}));
    CHECK(far[1] == 16 * far[0]);
}

TEST_CASE("until_target: what can go on does, where that takes fewer evaluations than a new run") {
    const Problem rare = testing::linear_exceedance(10, {3.719}).problem;
    double spent = 0;
    for (std::uint64_t key = 1; key <= 8; ++key) {
        const Estimate e = aiscv(rare, {.budget = 1'000'000, .target_error = relative(0.02), .rng = key});
        CHECK(stop(e) == "target");
        spent += static_cast<double>(e.n) / 8;
    }
    CHECK(spent < 12'000);   // 3,700 would do if one knew; 17,000 where each stage begins anew
}

TEST_CASE("until_target: a run that stopped at its target goes on to a smaller one") {
    const Problem problem = event();
    const Estimate first = plain(problem, {.budget = 100'000, .target_error = {{"mean", 0.05}}, .rng = 7, .keep = Keep::state});
    REQUIRE(first.state);
    const Estimate more = extend(first, problem, {.budget = 100'000, .target_error = {{"mean", 0.02}}});
    CHECK(stop(more) == "target");
    CHECK(half_width(more, 0) <= 0.02);
    CHECK(more.n > first.n);
    CHECK(more.value == plain(problem, {.budget = more.n, .rng = 7}).value);
    CHECK(extend(first, problem, {.budget = 100'000, .target_error = {{"mean", 0.05}}}).n == first.n);
    REQUIRE(more.state);
}

TEST_CASE(
    "until_target: nets of quasi are doubled, none of their points again, and stop after two stages that reach the "
    "target") {
    std::atomic<std::int64_t> calls = 0;
    const Problem problem(
        [&](std::span<const double> x) {
            ++calls;
            return std::vector{std::exp(x[0]), x[0] > 1.0 ? 1.0 : 0.0};
        },
        testing::standard_normal(1), {"exp", "P"});
    const Estimate e = quasi(problem, {.budget = 1'000'000, .target_error = 0.002, .rng = 4, .keep = Keep::sample});
    CHECK(stop(e) == "target");
    CHECK(e.n == calls);
    CHECK(e.sample->n() == e.n);
    const std::vector<double> sizes = stages(e);
    REQUIRE(sizes.size() > 2);
    for (std::size_t k = 1; k < sizes.size(); ++k) CHECK(sizes[k] == 2 * sizes[k - 1]);
    const Estimate whole = quasi(problem, {.budget = e.n, .rng = 4});
    for (std::size_t j = 0; j < 2; ++j) CHECK(e.value[j] == doctest::Approx(whole.value[j]).epsilon(1e-13));
    CHECK(e.std_error()[0] == doctest::Approx(whole.std_error()[0]).epsilon(1e-9));
}

TEST_CASE("until_target: a fresh run has a key of its own, counts what planned it, and goes on") {
    std::atomic<std::int64_t> calls = 0;
    const Problem problem = event(&calls);
    const Run run{.budget = 200'000, .target_error = {{"P", relative(0.003)}}, .rng = 6, .keep = Keep::state};
    const Estimate e = aiscv(problem, run);
    CHECK(stop(e) == "target");
    CHECK(e.n == calls);
    REQUIRE(stages(e).size() > 1);
    CHECK(e.rng_key == 6);
    CHECK(std::get<std::int64_t>(e.diagnostics.at("adaptation_n")) > static_cast<std::int64_t>(stages(e).front()));
    CHECK(std::get<std::string>(e.diagnostics.at("adaptation_stop")) != "target");
    CHECK(e.state->tables.contains("key"));
    const Estimate more = extend(e, problem, {.budget = 2 * e.n});
    CHECK(more.n == calls);
    CHECK(more.std_error()[1] < e.std_error()[1]);
    CHECK(std::abs(more.value[1] - 0.022750131948179) < 5 * more.std_error()[1]);
}

TEST_CASE("until_target: an interval of 1,000 runs with skew terms covers") {
    // chi-square terms with one degree of freedom: skewness 2.8. Binomial: 95 +- 0.7 %, five standard errors
    const Problem squares([](std::span<const double> x) { return std::vector{x[0] * x[0]}; },
                          testing::standard_normal(1), {"square"});
    std::int64_t covered = 0;
    for (std::uint64_t key = 0; key < 1'000; ++key) {
        const Estimate e = plain(squares, {.budget = 100'000, .target_error = relative(0.05), .rng = key, .threads = 1});
        covered += std::abs(e.value[0] - 1) <= half_width(e, 0);
    }
    CHECK(covered >= 915);
    CHECK(covered <= 985);
}

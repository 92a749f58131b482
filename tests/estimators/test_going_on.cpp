#include <buffon/going_on.hpp>

#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/amis.hpp>
#include <buffon/columns.hpp>
#include <buffon/importance.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Problem exponential() {
    return Problem([](std::span<const double> x) { return std::vector{std::exp(x[0] + 0.5 * x[1]), x[0] * x[0]}; },
                   testing::standard_normal(2), {"exp", "square"});
}

Distribution wide() { return testing::independent(2, Normal(0.3, 1.3)); }

using GoOn = std::function<Estimate(Evaluation&, const State&)>;

/// The run that left `before`, with its key, up to this budget.
Estimate longer(const Estimate& before, const Problem& problem, Run run, const GoOn& go_on) {
    REQUIRE(before.state);
    run.rng = before.rng_key;
    run.keep = Keep::state;
    Evaluation evaluate("extend", problem, run);
    evaluate.go_on_from(before.n, before.n_failed, before.state->outputs, nullptr);
    return go_on(evaluate, *before.state);
}

void check_equal(const Estimate& a, const Estimate& b) {
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    CHECK(a.excess_kurtosis == b.excess_kurtosis);
    CHECK(a.degrees_of_freedom == b.degrees_of_freedom);
    CHECK(a.n == b.n);
    CHECK(a.diagnostics == b.diagnostics);
}

}  // namespace

TEST_CASE("going on: plain and importance give the bits of one longer run, whatever the budgets, and go on again") {
    const Problem problem = exponential();
    const auto importance_again = [](Evaluation& evaluate, const State& state) {
        return go_on_importance(evaluate, state, wide());
    };
    for (const std::int64_t first : {100, 4'096, 10'000, 70'001}) {
        CAPTURE(first);
        const Run run{.budget = first, .rng = 5, .keep = Keep::state}, whole{.budget = 3 * first + 7, .rng = 5};
        Estimate e = longer(plain(problem, run), problem, {.budget = 2 * first, .batch = 999, .threads = 1}, go_on_plain);
        check_equal(longer(e, problem, whole, go_on_plain), plain(problem, whole));
        e = longer(importance(problem, run, {.proposal = wide()}), problem,
                   {.budget = 2 * first, .batch = 999, .threads = 1}, importance_again);
        check_equal(longer(e, problem, whole, importance_again), importance(problem, whole, {.proposal = wide()}));
    }
}

TEST_CASE("going on: a compiled model that is accumulated in blocks gives the bits of one longer run, too") {
    const Problem problem(by_columns([](auto p) { return p[0] * p[1]; }), testing::independent(2, Uniform(0, 1)));
    const Estimate first = plain(problem, {.budget = 100'000, .rng = 2, .keep = Keep::state});
    check_equal(first, plain(problem, {.budget = 100'000, .rng = 2}));
    check_equal(longer(first, problem, {.budget = 250'000}, go_on_plain), plain(problem, {.budget = 250'000, .rng = 2}));
}

TEST_CASE("going on: quasi gives the bits of a run with more replicates of the same size") {
    const Estimate first = quasi(exponential(), {.budget = 16 * 256, .rng = 3, .keep = Keep::state});
    check_equal(longer(first, exponential(), {.budget = 48 * 256 + 255}, go_on_quasi),
                quasi(exponential(), {.budget = 48 * 256, .rng = 3}, {.replicates = 48}));
}

TEST_CASE("going on: in two steps or at once, aiscv has the same nets of the density that it had") {
    const Problem problem = exponential();
    const auto again = [](Evaluation& evaluate, const State& state) { return go_on_aiscv(evaluate, state, {}); };
    const Estimate e = aiscv(problem, {.budget = 4'000, .rng = 1, .keep = Keep::state});
    const Estimate twice = longer(longer(e, problem, {.budget = 8'000}, again), problem, {.budget = 12'000}, again),
                   once = longer(e, problem, {.budget = 12'000}, again);
    CHECK(twice.n == once.n);
    CHECK(twice.n > 11'000);
    for (std::size_t j = 0; j < 2; ++j) CHECK(twice.value[j] == doctest::Approx(once.value[j]).epsilon(1e-12));
    CHECK(twice.std_error()[0] == doctest::Approx(once.std_error()[0]).epsilon(1e-6));
    CHECK(twice.diagnostics.at("alpha") == e.diagnostics.at("alpha"));
}

TEST_CASE("going on: amis draws a sample of its own from the last densities, and pools it with what it had") {
    const Problem problem = exponential();
    const Estimate e = amis(problem, {.budget = 4'000, .rng = 1, .keep = Keep::state}, {.points = Points::iid});
    const auto again = [&](Evaluation& evaluate, const State& state) { return go_on_amis(evaluate, state, {}, e); };
    const Estimate more = longer(e, problem, {.budget = 16'000}, again);
    CHECK(more.n > 15'000);
    CHECK(more.std_error()[0] < 0.7 * e.std_error()[0]);
    CHECK(std::abs(more.value[0] - std::exp(0.625)) < 5 * more.std_error()[0]);
}

#include <buffon/sobol_state.hpp>

#include <atomic>
#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include <buffon/extend.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const testing::KnownProblem g_function = testing::g_function();
const std::int64_t row = 8;   // evaluations: six inputs

bool same(const Estimate& a, const Estimate& b) {
    return a.value == b.value && a.covariance.data == b.covariance.data && a.n == b.n && a.names == b.names &&
           a.degrees_of_freedom == b.degrees_of_freedom;
}

}  // namespace

TEST_CASE("sobol_state: without a surrogate a run that goes on is one run with so many replicates, bit for bit") {
    const auto pairwise = [](SobolOptions options, std::int64_t evaluations) {
        const std::int64_t once = 9 * 64 * evaluations, all = 20 * 64 * evaluations;
        SobolOptions few = options, many = options;
        few.replicates = 9;
        many.replicates = 20;
        const Indices first = sobol(g_function.problem, {.budget = once, .rng = 3, .keep = Keep::state}, few);
        CHECK(first.joint.n == once);
        const Indices grown = more(first, g_function.problem, {.budget = all});
        const Indices whole = sobol(g_function.problem, {.budget = all, .rng = 3}, many);
        CHECK(grown.joint.n == all);
        CHECK(same(grown.joint, whole.joint));
        CHECK(same(grown.second_order, whole.second_order));
        const Indices twice = more(more(first, g_function.problem, {.budget = 13 * 64 * evaluations + 7}),
                                   g_function.problem, {.budget = all});
        CHECK(same(twice.joint, whole.joint));
        CHECK(twice.joint.warnings == whole.joint.warnings);
    };
    for (const auto method :
         {SobolMethod::combined, SobolMethod::saltelli, SobolMethod::jansen, SobolMethod::janon, SobolMethod::martinez})
        for (const auto points : {Points::rqmc, Points::iid})
            pairwise({.method = method, .surrogate = false, .points = points}, row);
    pairwise({.method = SobolMethod::owen}, 14);
    pairwise({.surrogate = false, .second_order = true}, 14);
    pairwise({.surrogate = false, .groups = {{"pair", {"x2", "x5"}}}}, 7);
}

TEST_CASE("sobol_state: with surrogates more replicates make the errors smaller, and no point is evaluated again") {
    const auto calls = std::make_shared<std::atomic<std::int64_t>>(0);
    const Problem counted(Model([calls](ConstView x) {
                              *calls += x.rows;
                              return g_function.problem(x);
                          }),
                          g_function.problem.inputs());
    double before = 0, after = 0;
    for (std::uint64_t key = 0; key < 12; ++key) {
        *calls = 0;
        const Indices first = sobol(counted, {.budget = 8 * 64 * row, .rng = key, .keep = Keep::state});
        const Indices grown = more(first, counted, {.budget = 32 * 64 * row, .rng = key});
        CHECK(grown.joint.n == 32 * 64 * row);
        CHECK(*calls == grown.joint.n);
        CHECK(grown.joint.degrees_of_freedom == 15);
        for (std::size_t i = 0; i < 6; ++i) {
            before += std::pow(first.first_order.value[i] - g_function.first_order[i], 2);
            after += std::pow(grown.first_order.value[i] - g_function.first_order[i], 2);
            CHECK(std::abs(grown.first_order.value[i] - g_function.first_order[i]) < 6 * grown.first_order.std_error()[i]);
        }
    }
    CHECK(after < 0.6 * before);   // four times as many replicates: a quarter, within what 12 runs tell
}

TEST_CASE("sobol_state: it tells what was found at every growth") {
    const Indices first = sobol(g_function.problem, {.budget = 4096, .rng = 1, .keep = Keep::state});
    CHECK_FALSE(first.joint.state->tables.contains("history"));
    const Indices second = more(first, g_function.problem, {.budget = 9000}),
                  third = more(second, g_function.problem, {.budget = 20'000});
    const Matrix& history = third.joint.state->tables.at("history");
    REQUIRE(history.rows == 2);
    REQUIRE(history.cols == 1 + 3 * 12);
    CHECK(history(0, 0) == static_cast<double>(first.joint.n));
    CHECK(history(1, 0) == static_cast<double>(second.joint.n));
    CHECK(history(1, 3) == second.joint.value[2]);
    CHECK(history(1, 1 + 12) == second.joint.confidence_interval().first[0]);
}

TEST_CASE("sobol_state: what cannot go on is refused") {
    const Indices s = sobol(g_function.problem, {.budget = 4096, .rng = 1, .keep = Keep::state},
                            {.groups = {{"pair", {"x1", "x6"}}}});
    CHECK_THROWS_WITH_AS(more(s, g_function.problem, {.budget = s.joint.n + 10}),
                         doctest::Contains("extend: budget must be at least"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(more(s, testing::ishigami().problem, {.budget = 10'000}),
                         doctest::Contains("must have the inputs of the run"), std::invalid_argument);
    const Indices none = sobol(g_function.problem, {.budget = 4096, .rng = 1});
    CHECK_THROWS_WITH_AS(more(none, g_function.problem, {.budget = 10'000}),
                         doctest::Contains("estimate must have a state"), std::invalid_argument);
    for (const auto& [name, table] : s.joint.state->tables) {
        CAPTURE(name);
        Indices damaged = s;
        auto& numbers = damaged.joint.state->tables[name];
        numbers.data.resize(numbers.data.size() / 2);
        numbers.cols = static_cast<std::int64_t>(numbers.data.size());
        numbers.rows = 1;
        if (name != "squares") CHECK_THROWS_AS(more(damaged, g_function.problem, {.budget = 10'000}), std::invalid_argument);
    }
}

TEST_CASE("sobol_state: several outputs and failures go on, too") {
    const Problem problem(
        [](std::span<const double> x) { return std::array{x[0] > 0.99 ? std::nan("") : x[0] + x[1] * x[2], x[1]}; },
        testing::independent(3, Uniform()));
    const Run run{.budget = 9 * 64 * 5, .rng = 1, .on_error = OnError::discard, .keep = Keep::state};
    const Run all{.budget = 20 * 64 * 5, .rng = 1, .on_error = OnError::discard};
    const Indices grown = more(sobol(problem, run, {.surrogate = false, .replicates = 9}), problem, {.budget = all.budget});
    const Indices whole = sobol(problem, all, {.surrogate = false, .replicates = 20});
    CHECK(same(grown.joint, whole.joint));
    CHECK(grown.joint.n_failed == whole.joint.n_failed);
    CHECK(same(grown.aggregated, whole.aggregated));
}

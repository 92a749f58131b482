#include <buffon/first_look.hpp>

#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

TEST_CASE("first_look: a tenth of what the adaptation may take, none where that is too little") {
    const testing::KnownProblem known = testing::linear_exceedance(3, {2.0});
    const WorkingSpace space = WorkingSpace::normal(known.problem.inputs());
    for (const auto& [most, wanted] : {std::pair<std::int64_t, std::int64_t>{19, 0}, {20, 10}, {500, 50}, {1'000'000, 1'000}}) {
        const Run run{.budget = 2'000'000, .rng = 1};
        Evaluation evaluate("here", known.problem, run);
        Pool pool;
        look_first(evaluate, space, most, pool);
        CHECK(pool.n() == wanted);
        CHECK(evaluate.n() == wanted);
        CHECK(pool.score().rows == wanted);
    }
}

TEST_CASE("first_look: weights are one for each output") {
    const testing::KnownProblem known = testing::linear_exceedance(3, {2.0, 3.0});
    const WorkingSpace space = WorkingSpace::normal(known.problem.inputs());
    const Run run{.budget = 1'000, .rng = 1};
    Evaluation evaluate("here", known.problem, run);
    check_output_weights(evaluate, {1});   // not known yet
    Pool pool;
    look_first(evaluate, space, 500, pool);
    check_output_weights(evaluate, {1, 2});
    check_output_weights(evaluate, {});
    CHECK_THROWS_WITH_AS(check_output_weights(evaluate, {1}), "here: weights must have one entry per output, 2, got 1",
                         std::invalid_argument);
}

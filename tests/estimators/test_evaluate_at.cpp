#include <buffon/evaluate_at.hpp>

#include <doctest/doctest.h>

#include <buffon/laws/normal.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

TEST_CASE("evaluate_at: points of standard normal space are asked in the inputs' units, counted and kept with a density") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Joint({Normal(10, 2), Normal(0, 1)})));
    const Run run{.budget = 10, .rng = 1, .keep = Keep::sample};
    Evaluation evaluate("here", problem, run);
    const WorkingSpace space = WorkingSpace::normal(problem.inputs());
    Matrix z(2, 2);
    z(1, 0) = 1.5;
    const Draws draws = evaluate_at(evaluate, space, z);
    CHECK(draws.y(0, 0) == doctest::Approx(10));
    CHECK(draws.y(1, 0) == doctest::Approx(13));
    CHECK(evaluate.n() == 2);
    CHECK(evaluate.sample().adaptation == 2);   // no law has drawn them
    std::vector<double> log_density(2);
    problem.inputs().log_density(evaluate.sample().x, log_density);
    CHECK(evaluate.sample().log_density == log_density);
}

TEST_CASE("families_of: levels of one function are told from other functions") {
    Matrix score(3, 4);
    for (std::int64_t i = 0; i < 3; ++i) {
        const double s = 0.1 * static_cast<double>(i * i);
        score(i, 0) = s - 2;
        score(i, 1) = -s;
        score(i, 2) = s - 3.7;
        score(i, 3) = 5 - s;
    }
    CHECK(families_of(score) == std::vector<std::int64_t>{0, 1, 0, 1});
}

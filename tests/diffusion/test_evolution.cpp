#include <buffon/diffusion/evolution.hpp>

#include <doctest/doctest.h>

#include <set>
#include <vector>

using namespace buffon::diffusion;

namespace {

void check_valid(const Decisions& d, std::int64_t evaluations) {
    CHECK(d.evaluations() == evaluations);
    CHECK_NOTHROW(unified(VP(), 1e-3, d));   // places increase to 1
    for (const Decision& step : d.steps) {
        CHECK(step.points >= 1);
        CHECK(step.points <= std::max(1, step.order - 1));
    }
}

}  // namespace

TEST_CASE("evolution: what is drawn, crossed, mutated and refined is a solver of as many evaluations") {
    for (const std::int64_t evaluations : {1, 2, 5, 20})
        for (int k = 0; k < 300; ++k) {
            Dice dice(7, k);
            const Decisions a = random_decisions(evaluations, dice), b = random_decisions(evaluations, dice);
            check_valid(a, evaluations);
            const Decisions child = crossed(a, b, dice);
            check_valid(child, evaluations);
            const Decisions changed = mutated(child, dice);
            check_valid(changed, evaluations);
            CHECK(changed != child);
            check_valid(refined(a, dice), evaluations);
        }
    for (const Decisions& d : known_solvers(6)) check_valid(d, 6);
}

TEST_CASE("evolution: every field of a step is reached by mutations") {
    std::set<int> orders, points, relaxations, predictions, correctors, steps;
    Decisions d = known_solvers(6)[0];
    for (int k = 0; k < 400; ++k) {
        Dice dice(1, k);
        d = mutated(d, dice);
        steps.insert(static_cast<int>(d.steps.size()));
        for (const Decision& step : d.steps) {
            orders.insert(step.order);
            points.insert(step.points);
            relaxations.insert(static_cast<int>(step.relaxation));
            predictions.insert(static_cast<int>(step.prediction));
            correctors.insert(step.corrector);
        }
    }
    CHECK(orders.size() == 4);
    CHECK(points.size() == 3);
    CHECK(relaxations.size() == 4);
    CHECK(predictions.size() == 2);
    CHECK(correctors.size() == 2);
    CHECK(steps == std::set{6, 7});   // with the analytic first evaluation one step more
}

TEST_CASE("evolution: a candidate is a function of key and number") {
    Dice a(3, 5), b(3, 5), c(3, 6);
    const Decisions one = random_decisions(5, a);
    CHECK(one == random_decisions(5, b));
    CHECK(one != random_decisions(5, c));
}

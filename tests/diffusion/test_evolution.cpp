#include <buffon/diffusion/evolution.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
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
    for (const Decisions& d : known_solvers(VP(), 1e-3, 6)) check_valid(d, 6);
}

TEST_CASE("evolution: every field of a step is reached by mutations") {
    std::set<int> orders, points, relaxations, predictions, correctors, steps;
    Decisions d = known_solvers(VP(), 1e-3, 6)[0];
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

TEST_CASE("evolution: known solvers end their steps at the nodes of the schedule's grids") {
    for (const Schedule& schedule : {Schedule(VP()), Schedule(EDM())}) {
        const std::vector<Decisions> known = known_solvers(schedule, schedule.t_end(), 5);
        CHECK(known.size() == 40);
        const Nodes n = nodes(schedule, {.steps = 5, .grid = GridKind::rho});
        const Table last = unified(schedule, schedule.t_end(), known.back());
        for (std::size_t i = 0; i < n.t.size(); ++i) CHECK(last.nodes.lambda[i] == doctest::Approx(n.lambda[i]).epsilon(1e-9));
    }
}

TEST_CASE("evolution: a difference moves places and factors along itself, 0.65 of it on average, and nothing else") {
    Decisions base = known_solvers(VP(), 1e-3, 6)[0];
    for (Decision& step : base.steps) step.order = 2, step.relaxation = Relaxation::linear;
    Decisions other = base;
    other.steps[2].place -= 0.02;
    other.steps[3].c = -0.5;
    CHECK(alike(base, other));
    double place = 0, factor = 0, still = 0;
    constexpr int repetitions = 2000;
    for (int k = 0; k < repetitions; ++k) {
        Dice dice(3, k);
        const Decisions d = differed(base, base, base, other, dice);
        check_valid(d, 6);
        CHECK(alike(d, base));
        place += (d.steps[2].place - base.steps[2].place) / repetitions;
        factor += d.steps[3].c / repetitions;
        still += d.steps[1].place - base.steps[1].place;
    }
    // standard deviations below 0.2 of the difference and 0.003: five errors of a mean of 2,000
    CHECK(std::abs(place - 0.65 * 0.02) < 5 * std::hypot(0.2 * 0.02, 0.003) / std::sqrt(repetitions));
    CHECK(std::abs(factor - 0.65 * 0.5) < 5 * std::hypot(0.2 * 0.5, 0.015) / std::sqrt(repetitions));
    CHECK(std::abs(still / repetitions) < 5 * 0.003 / std::sqrt(repetitions));
    double nearer = 0;
    Decisions best = base;
    best.steps[3].c = 1.0;
    for (int k = 0; k < repetitions; ++k) {
        Dice dice(4, k);
        nearer += differed(base, best, base, base, dice).steps[3].c / repetitions;   // half of the times uniform on 0 ... 1
    }
    CHECK(std::abs(nearer - 0.25) < 5 * 0.33 / std::sqrt(repetitions));
    other.steps[5].prediction = Prediction::noise;
    CHECK(!alike(base, other));
}

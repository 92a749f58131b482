#include <buffon/diffusion/evolution.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/normal_functions.hpp>

namespace buffon::diffusion {
namespace {

constexpr double changes = 1.5;            // of each kind in a mutation, on average
constexpr double analytic_change = 0.05;   // chance of taking or dropping the analytic first evaluation
constexpr double least_gap = 1e-3;         // between two places

int random_order(Dice& dice) {
    const double u = dice.uniform();
    return u < 0.2 ? 1 : u < 0.6 ? 2 : u < 0.9 ? 3 : 4;
}

void roll_points(Decision& step, Dice& dice) { step.points = 1 + static_cast<int>(dice.below(std::max(1, step.order - 1))); }

void roll_relaxation(Decision& step, Dice& dice) {
    step.relaxation = dice.chance(0.5) ? Relaxation::none : static_cast<Relaxation>(1 + dice.below(3));
    step.c = step.relaxation == Relaxation::linear ? 0.2 * dice.normal() : 0.0;
}

Decision random_step(Dice& dice) {
    Decision step;
    step.prediction = dice.chance(0.5) ? Prediction::data : Prediction::noise;
    step.order = random_order(dice);
    roll_points(step, dice);
    roll_relaxation(step, dice);
    step.corrector = dice.chance(0.5);
    return step;
}

/// Increasing, the last one 1, with a gap between any two.
void settle(std::vector<Decision>& steps) {
    const auto n = static_cast<double>(steps.size());
    std::vector<double> places;
    for (const Decision& step : steps) places.push_back(step.place);
    places.back() = 1.0;
    std::ranges::sort(places);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const double lowest = (i == 0 ? 0.0 : steps[i - 1].place) + least_gap,
                     highest = 1.0 - least_gap * (n - 1 - static_cast<double>(i));
        steps[i].place = i + 1 == steps.size() ? 1.0 : std::clamp(places[i], lowest, highest);
    }
}

/// Of the nodes after the first.
std::vector<double> places_of(const Nodes& n) {
    std::vector<double> places;
    for (std::size_t i = 1; i < n.lambda.size(); ++i)
        places.push_back((n.lambda[i] - n.lambda[0]) / (n.lambda.back() - n.lambda[0]));
    return places;
}

/// Of the first derivative, where it is free; 0 changes nothing.
double factor(const Decision& step) { return step.relaxation == Relaxation::linear ? step.c : 0.0; }

/// Of a step that has a first derivative and no fixed factor.
void move_factor(Decision& step, double by) {
    if (step.order == 1 || step.relaxation == Relaxation::bh1 || step.relaxation == Relaxation::bh2) return;
    step.relaxation = Relaxation::linear;
    step.c += by;
}

/// One step more, in the middle of the longest one.
void insert_step(std::vector<Decision>& steps, Dice& dice) {
    std::size_t longest = 0;
    const auto length = [&](std::size_t i) { return steps[i].place - (i == 0 ? 0.0 : steps[i - 1].place); };
    for (std::size_t i = 1; i < steps.size(); ++i)
        if (length(i) > length(longest)) longest = i;
    Decision step = random_step(dice);
    step.place = steps[longest].place - length(longest) / 2;
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(longest), step);
}

}  // namespace

double Dice::normal() { return normal_quantile(uniform()); }

std::vector<Decisions> known_solvers(const Schedule& schedule, double t_end, std::int64_t evaluations) {
    std::vector<Decisions> all;
    for (const auto& [kind, power] : std::vector<std::pair<GridKind, double>>{{GridKind::logsnr, 1.0},
                                                                              {GridKind::power, 2.0},
                                                                              {GridKind::power, 3.0},
                                                                              {GridKind::rho, 3.0},
                                                                              {GridKind::rho, 7.0}}) {
        const std::vector<double> places =
            places_of(nodes(schedule, {.steps = evaluations, .grid = kind, .t_end = t_end, .power = power}));
        for (const Prediction prediction : {Prediction::data, Prediction::noise})
            for (const int order : {2, 3})
                for (const bool corrector : {false, true}) {
                    Decisions d;
                    for (const double place : places)
                        d.steps.push_back({.place = place,
                                           .prediction = prediction,
                                           .order = order,
                                           .points = order - 1,
                                           .corrector = corrector});
                    settle(d.steps);
                    all.push_back(d);
                }
    }
    return all;
}

Decisions random_decisions(std::int64_t evaluations, Dice& dice) {
    Decisions d;
    d.analytic_first = dice.chance(0.2);
    double total = 0;
    for (std::int64_t i = 0; i < evaluations + (d.analytic_first ? 1 : 0); ++i) {
        d.steps.push_back(random_step(dice));
        d.steps.back().place = total += std::exp(0.5 * dice.normal());
    }
    for (Decision& step : d.steps) step.place /= total;
    settle(d.steps);
    return d;
}

Decisions crossed(const Decisions& a, const Decisions& b, Dice& dice) {
    if (a.steps.size() != b.steps.size()) return a;
    Decisions child = a;
    const bool other_places = dice.chance(0.5);
    for (std::size_t i = 0; i < a.steps.size(); ++i) {
        const double place = (other_places ? b : a).steps[i].place;
        if (dice.chance(0.5)) child.steps[i] = b.steps[i];
        child.steps[i].place = place;
    }
    return child;
}

Decisions refined(Decisions d, Dice& dice) {
    const double width = 0.03 * std::pow(100.0, -dice.uniform());
    const double share = dice.chance(0.5) ? 1.0 : 1.5 / static_cast<double>(d.steps.size());
    for (Decision& step : d.steps) {
        if (dice.chance(share)) step.place += width * dice.normal();
        if (dice.chance(share)) move_factor(step, 5 * width * dice.normal());
    }
    settle(d.steps);
    return d;
}

bool alike(const Decisions& a, const Decisions& b) {
    const auto same = [](const Decision& s, const Decision& t) {
        return s.prediction == t.prediction && s.order == t.order && s.corrector == t.corrector;
    };
    return a.analytic_first == b.analytic_first && std::ranges::equal(a.steps, b.steps, same);
}

Decisions differed(Decisions d, const Decisions& best, const Decisions& a, const Decisions& b, Dice& dice) {
    const double along = 0.3 + 0.7 * dice.uniform(), towards = dice.chance(0.5) ? 0.0 : dice.uniform();
    const double width = 0.003 * std::pow(30.0, -dice.uniform());   // a little of its own, so that a population cannot collapse
    for (std::size_t i = 0; i < d.steps.size(); ++i) {
        const auto move = [&](auto part) {
            return along * (part(a.steps[i]) - part(b.steps[i])) + towards * (part(best.steps[i]) - part(d.steps[i]));
        };
        const double by = move(factor) + 5 * width * dice.normal();
        d.steps[i].place += move([](const Decision& step) { return step.place; }) + width * dice.normal();
        move_factor(d.steps[i], by);
    }
    settle(d.steps);
    return d;
}

Decisions mutated(Decisions d, Dice& dice) {
    const Decisions before = d;
    do {
        const double width = 0.05 * std::pow(50.0, -dice.uniform());   // coarse and fine moves of the places
        const double change = changes / static_cast<double>(d.steps.size());
        for (Decision& step : d.steps) {
            if (dice.chance(change)) step.place += width * dice.normal();
            if (dice.chance(change / 4))
                step.prediction = step.prediction == Prediction::data ? Prediction::noise : Prediction::data;
            if (dice.chance(change / 4)) step.order = random_order(dice);
            if (dice.chance(change / 4) || step.points >= step.order) roll_points(step, dice);
            if (dice.chance(change / 4)) roll_relaxation(step, dice);
            if (step.relaxation == Relaxation::linear && dice.chance(change)) step.c += 2 * width * dice.normal();
            if (dice.chance(change / 4)) step.corrector = !step.corrector;
        }
        if (dice.chance(analytic_change)) {
            d.analytic_first = !d.analytic_first;
            if (d.analytic_first) insert_step(d.steps, dice);
            else d.steps.erase(d.steps.begin() + dice.below(static_cast<std::int64_t>(d.steps.size()) - 1));
        }
        settle(d.steps);
    } while (d == before);
    return d;
}

}  // namespace buffon::diffusion

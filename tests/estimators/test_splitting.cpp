#include <buffon/splitting.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// x_1 with the score x_1 - 2, in three inputs.
struct Here {
    testing::KnownProblem known = testing::linear_exceedance(3, {2.0});
    Run run{.budget = 1'000'000, .rng = 5};
    Evaluation evaluate{"here", known.problem, run};
    WorkingSpace space = WorkingSpace::normal(known.problem.inputs());
    Splitting splitting{evaluate, space, {0}};
};

double total(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }

}  // namespace

TEST_CASE("splitting: the threshold has the share above it, and is never beyond the event") {
    std::vector<double> s(1'000);
    std::iota(s.begin(), s.end(), -999.0);   // -999 ... 0
    CHECK(threshold_of(s, 0.1) == -100);
    std::iota(s.begin(), s.end(), -10.0);
    CHECK(threshold_of(s, 0.1) == 0);
}

TEST_CASE(
    "splitting: where many scores are alike at the top these lie above the threshold, and nothing does where all are "
    "alike") {
    std::vector<double> s(100, -3.0);
    std::fill_n(s.begin(), 30, -1.0);
    CHECK(threshold_of(s, 0.1) == -3);
    CHECK(threshold_of(std::vector<double>(100, -1.0), 0.1) == std::numeric_limits<double>::lowest());
    CHECK(threshold_of(std::vector<double>(100, 1.0), 0.1) == 0);
}

TEST_CASE("splitting: chains keep the law given the level, and the weight of each first point") {
    Here here;
    const Particles first = here.splitting.first_points(4'000, {5, 1}, 0);
    Step step{-1, 0.7};   // x_1 > 1: P = 0.159
    const Particles split = here.splitting.split(first, step, 0.1, 4'000, 1'000'000, {5, 2}, 0);
    const auto above = std::ranges::count_if(first.score, [](double s) { return s > -1; });
    CHECK(total(split.weight) == doctest::Approx(static_cast<double>(above)));
    std::vector<double> each(4'000);
    for (std::int64_t i = 0; i < split.n(); ++i)
        each[static_cast<std::size_t>(split.root[static_cast<std::size_t>(i)])] +=
            split.weight[static_cast<std::size_t>(i)];
    for (std::size_t i = 0; i < each.size(); ++i) CHECK(each[i] == doctest::Approx(first.score[i] > -1 ? 1.0 : 0.0));
    CHECK(std::ranges::all_of(split.score, [](double s) { return s > -1; }));
    CHECK(split.n() > 3'000);
    // E (x_1 | x_1 > 1) = phi(1) / Phi(-1) = 1.525, sd 0.446; chains of six, say a third of them independent
    double mean = 0;
    for (const double s : split.score) mean += (s + 2) / static_cast<double>(split.n());
    CHECK(std::abs(mean - 1.5251) < 5 * 0.446 / std::sqrt(static_cast<double>(above)));
    CHECK(here.evaluate.n() == 4'000 + split.n() - above);
}

TEST_CASE("splitting: what few evaluations allow is not exceeded, at the cost of shorter chains") {
    Here here;
    const Particles first = here.splitting.first_points(1'000, {5, 1}, 0);
    Step step{-1, 0.7};
    const std::int64_t before = here.evaluate.n();
    const Particles split = here.splitting.split(first, step, 0.1, 1'000, 400, {5, 2}, 0);
    CHECK(here.evaluate.n() - before <= 400);
    CHECK(here.evaluate.n() - before > 100);
    CHECK(total(split.weight) ==
          doctest::Approx(static_cast<double>(std::ranges::count_if(first.score, [](double s) { return s > -1; }))));
}

TEST_CASE("splitting: the width comes to the acceptance asked for") {
    Here here;
    const Particles first = here.splitting.first_points(2'000, {5, 1}, 0);
    Step step{0, 1};   // x_1 > 2: far out a move of full width is accepted once in 44
    here.splitting.split(first, step, 0.02, 4'000, 1'000'000, {5, 2}, 0, 0.44);
    CHECK(step.width < 0.8);
    CHECK(step.width > 0.2);
}

TEST_CASE("splitting: what settles below a threshold and what is left above make the mean of all") {
    Here here;
    const Particles first = here.splitting.first_points(500, {5, 1}, 0);
    Matrix below(500, 1), all(500, 1);
    settle(first, -1, {0}, below);
    settle(first, std::numeric_limits<double>::infinity(), {0}, all);
    CHECK(total(below.data) == 0);   // the event lies above
    CHECK(total(all.data) == static_cast<double>(std::ranges::count_if(first.score, [](double s) { return s > 0; })));
}

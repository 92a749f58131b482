#include <buffon/sobol_seeded.hpp>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/joint.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

constexpr double pi = 3.14159265358979323846;
const double variance = 0.5 + 49.0 / 8 + 0.1 * std::pow(pi, 4) / 5 + 0.01 * std::pow(pi, 8) / 18;   // of the Ishigami function

double ishigami(double a, double b, double c) {
    return std::sin(a) + 7 * std::pow(std::sin(b), 2) + 0.1 * std::pow(c, 4) * std::sin(a);
}

/// Ishigami's function with a dummy and noise: alike at all points, or as large as x2 (rows of another mean as well).
Problem noisy(double size, bool alike, std::vector<std::string> outputs = {}) {
    const Uniform side(-pi, pi);
    return Problem([=](std::span<const double> x) { return 100 + ishigami(x[0], x[1], x[2]) + size * x[4] * (alike ? 1 : x[1]); },
                   Joint({side, side, side, Uniform(), Normal()}, {"x1", "x2", "x3", "dummy", "seed"}), std::move(outputs));
}

Estimate joint(const Problem& problem, std::int64_t budget, std::uint64_t key, SobolOptions options = {}) {
    options.noise = "seed";
    return sobol(problem, {.budget = budget, .rng = key, .threads = 1}, options).joint;
}

std::vector<double> truth(double of_noise, double alike) {
    const auto known = testing::ishigami();
    std::vector<double> out = known.first_order;
    out.insert(out.end(), {0.0, alike / (variance + of_noise)});
    out.insert(out.end(), known.total_order.begin(), known.total_order.end());
    out.insert(out.end(), {0.0, of_noise / (variance + of_noise)});
    return out;
}

}  // namespace

TEST_CASE(
    "sobol: of a random model the indices are those of its mean, those of noise come beside them, and a dummy has "
    "exactly 0") {
    for (const Points points : {Points::rqmc, Points::iid})
        for (const bool alike : {true, false}) {
            const double of_noise = alike ? 9.0 : 9.0 * pi * pi / 3;
            const Estimate e = joint(noisy(3, alike), 1 << 16, 5, {.points = points});
            const std::vector<double> exact = truth(of_noise, alike ? of_noise : 0), error = e.std_error();
            for (std::size_t i = 0; i < exact.size(); ++i) {
                CAPTURE(e.names[i]);
                CHECK(std::abs(e.value[i] - exact[i]) <= 4.5 * error[i]);
                CHECK(error[i] < 0.06);
            }
            CHECK(e.names[4] == "first order of seed");
            CHECK(e.value[3] == 0);
            CHECK(e.value[8] == 0);
            CHECK(e.covariance(8, 8) == 0);
            CHECK(e.n <= 1 << 16);
            CHECK(e.n > 1 << 15);
            CHECK(e.warnings.empty());
        }
}

TEST_CASE("sobol: intervals of the indices of a mean cover as they say, with the noise as large as the rest") {
    const Problem problem = noisy(3.7, true);
    const std::vector<double> exact = truth(3.7 * 3.7, 3.7 * 3.7);
    double covered = 0, ratio = 0;
    constexpr int runs = 200;
    for (int r = 0; r < runs; ++r) {
        const Estimate e = joint(problem, 1 << 12, 100 + static_cast<std::uint64_t>(r));
        const auto [low, high] = e.confidence_interval();
        for (std::size_t i = 0; i < exact.size(); ++i) {
            if (exact[i] == 0) continue;
            covered += (low[i] <= exact[i] && exact[i] <= high[i]) / (7.0 * runs);
            ratio += std::pow(e.value[i] - exact[i], 2) /
                     e.covariance(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i)) / (7.0 * runs);
        }
    }
    MESSAGE("covered " << covered << ", squared error over its estimate " << ratio);
    CHECK(covered > 0.92);
    CHECK(ratio < 1.5);
}

TEST_CASE("sobol: naive indices of noisy outputs lose what noise takes") {
    const Indices s = sobol(noisy(3.7, false), {.budget = 1 << 16, .rng = 5}, {.surrogate = false});
    const double naive = s.first_order.value[1], mean = testing::ishigami().first_order[1];
    CHECK(naive < 0.5 * mean);
}

TEST_CASE("sobol: without noise the option changes what is spent, not what is found") {
    const Problem quiet = noisy(0, true);
    const Estimate e = joint(quiet, 1 << 15, 2);
    const std::vector<double> exact = truth(0, 0), error = e.std_error();
    for (std::size_t i = 0; i < exact.size(); ++i) CHECK(std::abs(e.value[i] - exact[i]) <= 4.5 * error[i]);
    CHECK(e.value[4] == 0);
    CHECK(e.value[9] == 0);   // exactly: both evaluations are one
}

TEST_CASE("sobol: a mean that noise hides, and an output that never varies, are told") {
    const Joint law({Uniform(), Uniform()}, {"a", "seed"});
    const auto run = [&](double share) {
        return sobol(
            Problem([share](std::span<const double> x) { return share * x[0] + std::sin(1e4 * (x[1] + x[0])); }, law),
            {.budget = 1 << 10, .rng = 1}, {.noise = "seed"});
    };
    REQUIRE(run(0.05).joint.warnings.size() == 1);
    CHECK(run(0.05).joint.warnings.front().find("over the noise is less than four standard errors") != std::string::npos);
    CHECK(run(20).joint.warnings.empty());
    const Indices none = sobol(Problem([](std::span<const double>) { return 1.0; }, law), {.budget = 1 << 10, .rng = 1},
                               {.noise = "seed"});
    CHECK(std::isnan(none.first_order.value[0]));
    CHECK(std::isnan(none.first_order.confidence_interval().first[0]));
    CHECK(std::get<std::int64_t>(none.joint.diagnostics.at("replicates")) >= 16);
    CHECK(none.joint.warnings.front() ==
          "output 'y' is the same at every point: it has no variance to share, its indices are NaN");
}

TEST_CASE("sobol: threads and batches change no bit of the indices of a mean, and groups share one") {
    const Problem problem = noisy(3, true);
    const SobolOptions options{.groups = {{"pair", {"x1", "x3"}}}, .noise = "seed"};
    const Indices a = sobol(problem, {.budget = 5'000, .rng = 1, .batch = 7, .threads = 2}, options),
                  b = sobol(problem, {.budget = 5'000, .rng = 1, .threads = 1}, options);
    CHECK(a.joint.value == b.joint.value);
    CHECK(a.joint.covariance.data == b.joint.covariance.data);
    CHECK(a.groups == std::vector<std::string>{"pair", "x2", "dummy", "seed"});
}

TEST_CASE("sobol: a noise that is no input, is in a group, or is all there is, is refused, and so are other methods") {
    const Problem problem = noisy(3, true);
    const auto run = [&](const SobolOptions& options) { return sobol(problem, {.budget = 5'000, .rng = 1}, options); };
    CHECK_THROWS_WITH_AS(run({.noise = "sed"}), "sobol: noise must name an input, got 'sed'; did you mean 'seed'?",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(run({.groups = {{"g", {"x1", "seed"}}}, .noise = "seed"}),
                         "sobol: noise must be an input in no group with others, got 'seed'", std::invalid_argument);
    CHECK_THROWS_AS(run({.method = SobolMethod::jansen, .noise = "seed"}), std::invalid_argument);
    CHECK_THROWS_AS(run({.second_order = true, .noise = "seed"}), std::invalid_argument);
    CHECK_THROWS_WITH_AS(sobol(problem, {.budget = 90, .rng = 1}, {.noise = "seed"}),
                         "sobol: budget must be at least 96 (4 replicates of 2 rows of 12 evaluations, two values of "
                         "the noise at each point), got 90",
                         std::invalid_argument);
}

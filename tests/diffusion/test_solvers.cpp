/// What every registered solver must hold, with its default options, on every schedule and grid.
#include <solver_registry.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

using Maker = std::function<Table(const Schedule&, const Grid&)>;

const std::vector<std::pair<std::string, Maker>> solvers{
#define ROW(name) {#name, [](const Schedule& schedule, const Grid& grid) { return name(schedule, grid); }},
#include <solver_registry.inc>
#undef ROW
};

const std::vector<Schedule> schedules{
    VP(), VP(0.01, 20.0, 1e-4), VE(), EDM(), Cosine(), SubVP(), Discrete::linear(), MeanReverting(0.5)};

/// Grids of a number of steps: by kind, down to sigma = 0, and the user's own times.
std::vector<Grid> grids(const Schedule& schedule, std::int64_t steps) {
    std::vector<Grid> all;
    for (std::size_t kind = 0; kind < buffon::EnumNames<GridKind>::names.size(); ++kind) {
        if (static_cast<GridKind>(kind) == GridKind::index && !std::holds_alternative<Discrete>(schedule.law())) continue;
        all.push_back({.steps = steps, .grid = static_cast<GridKind>(kind)});
        all.push_back({.steps = steps, .grid = static_cast<GridKind>(kind), .to_zero = true});
    }
    std::vector<double> own = schedule.grid(steps, GridKind::logsnr);
    for (std::size_t i = 1; i + 1 < own.size(); ++i) own[i] += 0.3 * (own[i + 1] - own[i]);   // uneven
    all.push_back({.grid = own});
    return all;
}

}  // namespace

TEST_CASE("solvers: weights sum to 1, levels add up, no step of zero length, for 1 to 20 steps on every grid") {
    for (const auto& [name, make] : solvers)
        for (const Schedule& schedule : schedules)
            for (std::int64_t steps = 1; steps <= 20; ++steps)
                for (const Grid& grid : grids(schedule, steps)) {
                    const Table table = make(schedule, grid);
                    INFO(table.text(), " on ", schedule.formula());
                    CHECK(table.violation() <= 1e-13);
                    CHECK(table.steps() == steps);
                    CHECK(table.evaluations() >= 1);
                    for (std::size_t i = 1; i < table.nodes.rho.size(); ++i) CHECK(table.nodes.rho[i] < table.nodes.rho[i - 1]);
                    for (const Row& row : table.rows) {
                        CHECK(std::isfinite(row.noise));
                        for (const Term& term : row.terms) CHECK(std::isfinite(term.weight));
                    }
                    CHECK(table.rows.back().node == steps);
                }
}

TEST_CASE("solvers: every result is finite, and a step to sigma = 0 returns the data prediction") {
    const GaussianMixture model = problems::g2();
    for (const auto& [name, make] : solvers)
        for (const std::int64_t steps : {1, 2, 3, 7, 20}) {
            const Table table = make(VP(), {.steps = steps, .to_zero = true});
            SampleOptions options;
            options.n = 50;
            options.rng = 3;
            Matrix data;
            options.callback = [&](const Step& step) {
                data = Matrix(step.data.rows, step.data.cols);
                std::copy_n(step.data.data, data.data.size(), data.data.begin());
                return true;
            };
            const Draws draws = sample(model, table, options);
            INFO(table.text());
            CHECK(draws.evaluations() == 50 * table.evaluations());
            for (std::size_t i = 0; i < draws.x.data.size(); ++i) {
                CHECK(std::isfinite(draws.x.data[i]));
                CHECK(draws.x.data[i] == doctest::Approx(data.data[i]).epsilon(1e-12));
            }
        }
}

TEST_CASE("solvers: float32 states stay within 2e-6 of double") {
    const GaussianMixture model = problems::g16();
    for (const auto& [name, make] : solvers)
        for (const std::int64_t steps : {10, 40}) {
            const Table table = make(VP(), {.steps = steps});
            SampleOptions options;
            options.n = 64;
            options.rng = 5;
            const Matrix full = sample(model, table, options).x;
            options.dtype = StateType::float32;
            INFO(table.text());
            const double error = problems::median_error(sample(model, table, options).x, full);
            // Langevin steps add noise as large as the level at each of five evaluations a level, and with it its rounding
            CHECK(error <= (name == "annealed_langevin" ? 8e-6 : 2e-6));
            CHECK(error > 0);
        }
}

TEST_CASE("solvers: a sample is the same alone, in any batch, on any number of threads") {
    const GaussianMixture model = problems::g2();
    for (const auto& [name, make] : solvers) {
        const Table table = make(VP(), {.steps = 6});
        SampleOptions options;
        options.n = 300;
        options.rng = 7;
        const Matrix all = sample(model, table, options).x;
        INFO(table.text());
        for (const auto& [batch, threads] : {std::pair{1, 1}, std::pair{17, 2}, std::pair{300, 4}}) {
            options.batch = batch;
            options.threads = threads;
            CHECK(sample(model, table, options).x.data == all.data);
        }
        options.n = 1;
        const Matrix alone = sample(model, table, options).x;
        CHECK(std::equal(alone.data.begin(), alone.data.end(), all.data.begin()));
    }
}

TEST_CASE("solvers: starts at several levels are each what a table from that level gives") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(9, 2);
    for (const auto& [name, make] : solvers) {
        const Table table = make(EDM(), {.steps = 8});
        if (!table.coordinates.empty() || table.has_noise()) continue;
        SampleOptions options;
        options.x = x;
        options.level = std::vector<double>{5, 1, 5, 20, 1, 1, 5, 20, 0.3};
        const Matrix together = sample(model, table, options).x;
        INFO(table.text());
        for (std::int64_t i = 0; i < x.rows; ++i) {
            Matrix one(1, 2);
            one.data = {x(i, 0), x(i, 1)};
            const Matrix alone = problems::solve(model, table.from_level(options.level.values[static_cast<std::size_t>(i)]), one);
            CHECK(together(i, 0) == alone(0, 0));
            CHECK(together(i, 1) == alone(0, 1));
        }
    }
}

TEST_CASE("solvers: from data to noise and back a sample returns, the nearer the more steps") {
    const GaussianMixture model = problems::g2();
    for (const auto& [name, make] : solvers) {
        if (make(VP(), {.steps = 4}).has_noise() || name == "dpm_v3") continue;   // its statistics know one direction only
        const Matrix x = problems::flow(model, VP(), problems::starts(32, 2), 1.0, 1e-3, 2000);
        double last = 0.0;
        for (const std::int64_t steps : {100, 400}) {
            const Table table = make(VP(), {.steps = steps});
            INFO(table.text());
            CHECK(table.reversed().violation() <= 1e-12);
            CHECK(table.reversed().evaluations() == table.evaluations());
            SampleOptions options;
            options.x = x;
            const Matrix noise = invert(model, table, options).x;
            const double error = problems::median_error(problems::solve(model, table, noise), x);
            CHECK(error < (last == 0 ? 0.3 : 0.5 * last));
            last = error;
        }
        CHECK_THROWS_AS((void)make(VP(), {.steps = 4, .to_zero = true}).reversed(), std::invalid_argument);
    }
}

#include <buffon/diffusion/langevin_gibbs.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/euler_maruyama.hpp>
#include <buffon/diffusion/solvers/heun.hpp>
#include <buffon/diffusion/solvers/probability_flow.hpp>
#include <buffon/diffusion/solvers/reverse_diffusion.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

#include "chains.hpp"

using namespace buffon::diffusion;
using buffon::Estimate;
using buffon::Matrix;

namespace {

const Grid seven{.steps = 7, .grid = GridKind::rho, .to_zero = true};

/// Shares of the samples by their most probable mode.
std::vector<double> shares(const GaussianMixture& model, const Matrix& x) {
    Matrix modes(x.rows, model.size());
    const double none[] = {0.0};
    model.responsibilities(x, none, modes);
    std::vector<double> out(static_cast<std::size_t>(model.size()), 0.0);
    for (std::int64_t i = 0; i < x.rows; ++i)
        out[static_cast<std::size_t>(std::ranges::max_element(modes.view().row(i)) - modes.view().row(i).begin())] +=
            1.0 / static_cast<double>(x.rows);
    return out;
}

}  // namespace

TEST_CASE(
    "langevin_gibbs: masses of the modes, with their errors, from chains that all start in one mode, and sigma has its "
    "law") {
    const GaussianMixture model = chains::gmm2d();
    Matrix x(60, 2);
    const double there[] = {0.5};
    GaussianMixture::diagonal(
        {1.0},
        [] {
            Matrix m(1, 2);
            m(0, 0) = 4;
            return m;
        }(),
        Matrix(1, 2, 0.02))
        .forward(there, {1, 1}, 0, x);   // about mode 0, of mass 1 / 36
    const LangevinGibbsDraws draws = langevin_gibbs(
        model, ddim(EDM(0.3, 8), seven), {.n = 6000, .skip = 20, .burn_in = 300, .x = x, .level = 0.5, .rng = 5},
        {.step = 1.0, .metropolis = true, .levels = 40});
    const Estimate masses = mode_masses(draws.traces), visits = flatness(draws.traces);
    for (std::size_t k = 0; k < 8; ++k) {
        CHECK(std::abs(masses.value[k] - model.weights()[k]) < 4.5 * masses.std_error()[k]);
        CHECK(masses.std_error()[k] < 0.02);
    }
    for (std::size_t b = 0; b < 10; ++b) CHECK(std::abs(visits.value[b]) < 4.5 * visits.std_error()[b]);
    CHECK(masses.warnings.empty());
    CHECK(std::get<double>(masses.diagnostics.at("r_hat")) < 1.01);
    CHECK(draws.acceptance() > 0.5);
    const auto of_samples = shares(model, draws.x);
    for (std::size_t k = 0; k < 8; ++k) CHECK(std::abs(of_samples[k] - model.weights()[k]) < 0.06);
}

TEST_CASE("langevin_gibbs: short chains below the level of mixing keep the modes of their starts, and R-hat says so") {
    const GaussianMixture model = chains::gmm2d();
    const LangevinGibbsDraws draws =
        langevin_gibbs(model, ddim(EDM(0.05, 10), seven), {.n = 800, .chains = 40, .rng = 6},
                       {.step = 0.5, .levels = 60, .sigma_max = 0.8});
    const Estimate masses = mode_masses(draws.traces);
    CHECK(std::get<double>(masses.diagnostics.at("r_hat")) > 1.05);
    CHECK(!masses.warnings.empty());
    CHECK(mode_switches(draws.traces) < 0.01);
}

TEST_CASE("langevin_gibbs: every evaluation is counted, by part, with all six integrators of the paper") {
    const GaussianMixture model = chains::gmm2d();
    std::int64_t asked = 0;
    const Denoiser counted(2, [&](const Query& q, buffon::View out) {
        asked += q.x.rows;
        model.denoise(q, out);
    }, {.name = "counted", .concurrent = false});
    const EDM schedule(0.05, 10);
    const Table tables[] = {heun(schedule, {.steps = 4, .grid = GridKind::rho, .to_zero = true}),
                            heun(schedule, seven, {.s_churn = 10.0, .s_tmin = 0.1, .s_tmax = 1.0}),
                            reverse_diffusion(schedule, seven),
                            euler_maruyama(VE(0.05, 10), {.steps = 7}),
                            probability_flow(schedule, seven),
                            rk45(schedule, {})};
    for (const Table& table : tables) {
        CAPTURE(table.name);
        asked = 0;
        const LangevinGibbsDraws draws =
            langevin_gibbs(counted, table, {.n = 50, .chains = 20, .skip = 2, .burn_in = 3, .rng = 7},
                           {.sigma = SigmaRule::plug_in, .levels = 40});
        CHECK(draws.evaluations() == asked);
        // three rounds; the plug-in asks once more in every step, and once at the start
        CHECK(draws.parts.at("start") == 20 * (39 + 1 + 2 * 3));
        CHECK(draws.parts.at("chain") == 20 * 3 * 2 * 2);
        CHECK(draws.parts.at("denoise") + draws.parts.at("final") > 0);
        if (table.evaluations() == 7) CHECK(draws.parts.at("denoise") + 7 * draws.parts.at("final") >= 50 * 7);
        for (const double v : draws.x.data) CHECK(std::isfinite(v));
    }
}

TEST_CASE("langevin_gibbs: bits depend neither on threads nor on how many samples follow, and a schedule is a coordinate") {
    const GaussianMixture model = chains::gmm2d();
    const LangevinGibbsOptions options{.n = 300, .chains = 100, .rng = 8, .threads = 1};
    const ChainOptions chain{.levels = 50, .sigma_min = 0.05, .sigma_max = 5.0};
    LangevinGibbsOptions other = options;
    other.threads = 4;
    const Table table = ddim(VP(), {.steps = 6});
    const LangevinGibbsDraws one = langevin_gibbs(model, table, options, chain),
                             four = langevin_gibbs(model, table, other, chain);
    CHECK(one.x.data == four.x.data);
    CHECK(one.traces.modes.data == four.traces.modes.data);
    other.n = 400;
    const LangevinGibbsDraws longer = langevin_gibbs(model, table, other, chain);
    CHECK(std::equal(one.x.data.begin(), one.x.data.end(), longer.x.data.begin()));

    // the same levels in a variance-exploding schedule: the chain is the same, and so is DDIM up to rounding
    const auto in = [&](const Schedule& schedule) {
        Matrix x(10, 2, 2.0);
        const Grid grid{.steps = 6,
                        .t_end = schedule.t_of_lambda(-std::log(0.02)),
                        .t_start = schedule.t_of_lambda(-std::log(6.0))};
        return langevin_gibbs(model, ddim(schedule, grid), {.n = 30, .x = x, .level = 2.0, .rng = 9}, {.levels = 50});
    };
    const LangevinGibbsDraws vp = in(VP()), edm = in(EDM(0.01, 20));
    for (std::size_t i = 0; i < vp.x.data.size(); ++i)
        CHECK(vp.x.data[i] == doctest::Approx(edm.x.data[i]).epsilon(1e-2));   // VP's last alpha is not 1
    for (std::size_t i = 0; i < vp.levels.size(); ++i) CHECK(vp.levels[i] == doctest::Approx(edm.levels[i]).epsilon(1e-9));
}

TEST_CASE("langevin_gibbs: 'min' gives the least noisy state of a round, the one before included, and 'last' the last") {
    const GaussianMixture model = chains::gmm2d();
    const Table table = ddim(EDM(0.05, 10), seven);
    const ChainOptions chain{.levels = 50};
    const LangevinGibbsDraws last = langevin_gibbs(model, table, {.n = 200, .chains = 50, .rng = 10}, chain);
    const LangevinGibbsDraws min = langevin_gibbs(model, table, {.n = 200, .chains = 50, .emit = Emit::min, .rng = 10}, chain);
    CHECK(last.traces.log_sigma.data == min.traces.log_sigma.data);
    for (std::int64_t r = 0; r < 4; ++r)
        for (std::int64_t c = 0; c < 50; ++c) {
            const auto row = static_cast<std::size_t>(r * 50 + c);
            CHECK(std::log(last.levels[row]) == last.traces.log_sigma(c, 3 * r + 2));
            double least = r > 0 ? last.traces.log_sigma(c, 3 * r - 1) : std::numeric_limits<double>::infinity();
            for (std::int64_t t = 3 * r; t < 3 * r + 3; ++t) least = std::min(least, last.traces.log_sigma(c, t));
            if (r > 0) CHECK(std::log(min.levels[row]) == least);
            else CHECK(std::log(min.levels[row]) <= least);
        }
}

TEST_CASE("langevin_gibbs: states at the table's last level or below it are one evaluation away from the data") {
    const GaussianMixture model = chains::gmm2d();
    const Table table = ddim(EDM(0.5, 10), {.steps = 4});
    const LangevinGibbsDraws draws = langevin_gibbs(model, table, {.n = 60, .chains = 30, .final = false, .rng = 11},
                                                    {.levels = 40, .sigma_min = 0.1, .sigma_max = 0.4});
    CHECK(draws.parts.at("denoise") == 0);
    CHECK(draws.parts.at("final") == 60);
    const LangevinGibbsDraws both = langevin_gibbs(model, table, {.n = 60, .chains = 30, .rng = 11},
                                                   {.levels = 40, .sigma_min = 0.6, .sigma_max = 0.9});
    CHECK(both.parts.at("denoise") == 60 * 4);
    CHECK(both.parts.at("final") == 60);
}

TEST_CASE("langevin_gibbs: options that contradict each other are refused by name") {
    const GaussianMixture model = chains::gmm2d();
    const Table table = ddim(EDM(0.05, 10), seven);
    const auto fails = [&](const LangevinGibbsOptions& options, const char* what, const ChainOptions& chain = {}) {
        CHECK_THROWS_WITH_AS(langevin_gibbs(model, table, options, chain), doctest::Contains(what), std::invalid_argument);
    };
    fails({.n = 0}, "n must be at least 1");
    fails({.chains = 0}, "chains must be at least 1");
    fails({.chains = 3, .x = Matrix(2, 2), .level = 1.0}, "chains must be the number of rows of x");
    fails({.skip = 0}, "skip must be at least 1");
    fails({.burn_in = -1}, "burn_in must not be negative");
    fails({.level = 1.0}, "level belongs to starts x");
    fails({.start = table, .x = Matrix(2, 2), .level = 1.0}, "start makes what x gives");
    fails({.start_noise = 0.0}, "start_noise must be positive after a start that ends at sigma = 0");
    fails({.x = Matrix(2, 2)}, "level must be given with x", {.sigma = SigmaRule::plug_in});
    fails({.adapt = PriorAim::flat}, "adapt needs sigma_rule = 'sample'", {.sigma_rule = SigmaChoice::argmax});
    fails({}, "condition must be one of the 0 classes", {.condition = 0});
    CHECK_THROWS_WITH_AS(langevin_gibbs(Denoiser(model), table, {}),
                         doctest::Contains("sigma = 'exact' needs a model with a density"), std::invalid_argument);
}

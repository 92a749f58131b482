#include <buffon/diffusion/prior_adaptation.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/diffusion/langevin_gibbs.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>

#include "chains.hpp"

using namespace buffon::diffusion;
using buffon::Estimate;
using buffon::Matrix;
using buffon::View;

namespace {

constexpr double low = 0.3, high = 8.0;
constexpr std::size_t level_count = 20;
const Table table = ddim(EDM(low, high), {.steps = 5, .grid = GridKind::rho, .to_zero = true});

/// A prior that hides the lowest levels: e^5 times less weight than the highest.
std::vector<double> wrong(std::size_t levels) {
    std::vector<double> out;
    for (std::size_t j = 0; j < levels; ++j)
        out.push_back(std::exp(5.0 * static_cast<double>(j) / static_cast<double>(levels - 1)));
    return out;
}

/// Chains that begin in the law of x0 + sigma eps, with sigma in the middle.
LangevinGibbsDraws run(std::uint64_t key, std::optional<PriorAim> aim, std::int64_t chains, std::int64_t burn_in,
                       std::int64_t steps, const SigmaLaw& law = SigmaRule::exact) {
    const GaussianMixture model = chains::gmm2d();
    Matrix x(chains, 2);
    model.forward(std::vector<double>(static_cast<std::size_t>(chains), 1.5), {key, 9}, 0, x);
    ChainOptions options{.sigma = law, .step = 1.0, .metropolis = true, .levels = level_count};
    if (std::holds_alternative<SigmaRule>(law)) options.prior = wrong(level_count);
    return langevin_gibbs(
        model, table,
        {.n = chains * steps, .skip = 1, .burn_in = burn_in, .adapt = aim, .x = x, .level = 1.5, .rng = key}, options);
}

double worst(const Estimate& e) {
    double out = 0.0;
    for (std::size_t b = 0; b < e.value.size(); ++b) out = std::max(out, std::abs(e.value[b]) / e.std_error()[b]);
    return out;
}

/// As if equal visits had been asked for.
ChainTraces of_equal(const LangevinGibbsDraws& draws) {
    ChainTraces out = draws.traces;
    std::ranges::fill(out.prior.weights, 1.0);
    return out;
}

}  // namespace

TEST_CASE("prior_adaptation: finds the weights that make visits equal where these follow at once, from noisy visits too") {
    std::vector<double> likelihood;   // up to e^8 apart
    for (int j = 0; j < 25; ++j) likelihood.push_back(std::exp(4 * std::sin(0.5 * j)));
    for (const double noise : {0.0, 0.5}) {
        PriorAdaptation search = begin_adaptation(std::vector<double>(25, 1.0), 2000);
        while (!search.over()) {
            std::vector<double> visits = adapted_weights(search);
            for (std::size_t j = 0; j < visits.size(); ++j)
                visits[j] *=
                    likelihood[j] *
                    (1 + noise * (2 * buffon::Stream{3, 4}.uniform(search.step, static_cast<std::int64_t>(j)) - 1));
            const double total = std::accumulate(visits.begin(), visits.end(), 0.0);
            for (double& v : visits) v /= total;
            adapt(search, visits);
        }
        const std::vector<double> found = adapted_weights(search);
        double least = 1e9, most = 0.0;
        for (std::size_t j = 0; j < found.size(); ++j) {
            least = std::min(least, found[j] * likelihood[j]);
            most = std::max(most, found[j] * likelihood[j]);
        }
        CHECK(most / least < (noise > 0 ? 1.1 : 1.001));
    }
}

TEST_CASE(
    "prior_adaptation: a wrong prior leaves levels out; adapted, all are visited alike and the masses and x at low "
    "noise are right") {
    const LangevinGibbsDraws before = run(41, {}, 100, 400, 200), after = run(41, PriorAim::flat, 100, 400, 200);
    CHECK(worst(flatness(of_equal(before))) > 30);
    CHECK(worst(flatness(before.traces)) < 4.5);   // it does obey the prior that it was given
    CHECK(worst(flatness(after.traces)) < 4.5);
    CHECK(1.5 * static_cast<double>(round_trips(of_equal(before))) < static_cast<double>(round_trips(after.traces)));
    const GaussianMixture model = chains::gmm2d();
    const Estimate masses = mode_masses(after.traces);
    for (std::size_t k = 0; k < 8; ++k) CHECK(std::abs(masses.value[k] - model.weights()[k]) < 4.5 * masses.std_error()[k]);

    // log p_sigma(x) of the states at the lowest level, beside that of exact draws there: each chain's mean is independent
    const double lowest = after.prior.levels[0];
    Matrix x(100'000, 2);
    model.forward(std::vector<double>(100'000, lowest), {42, 0}, 0, x);
    std::vector<double> exact(100'000), of_chains;
    model.log_density(x, std::vector<double>(100'000, lowest), exact);
    const double expected = std::accumulate(exact.begin(), exact.end(), 0.0) / 100'000.0;
    for (std::int64_t c = 0; c < 100; ++c) {
        double sum = 0.0;
        for (std::int64_t t = 0; t < after.traces.steps(); ++t)
            if (after.traces.log_sigma(c, t) == std::log(lowest)) sum += after.traces.log_density(c, t) - expected;
        of_chains.push_back(sum);
    }
    CHECK(std::abs(chains::z_score(of_chains)) < 4.5);
}

TEST_CASE("prior_adaptation: undoes a classifier whose levels are out of scale, up to the noise of the visits") {
    const GaussianMixture model = chains::gmm2d();
    NoiseClassifier skewed;
    skewed.levels = geometric_levels(low, high, level_count);
    const std::vector<double> tilt = wrong(level_count);
    skewed.log_probabilities = [&](buffon::ConstView x, View out) {
        model.sigma_posterior(x, skewed.levels, out);
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::int64_t j = 0; j < out.cols; ++j)
                out(i, j) = std::log(out(i, j)) + std::log(tilt[static_cast<std::size_t>(j)]);
    };
    const LangevinGibbsDraws draws = run(43, PriorAim::flat, 100, 500, 150, skewed);
    CHECK(worst(flatness(draws.traces)) < 4.5);
    double least = 1e9, most = 0.0;
    for (std::size_t j = 0; j < level_count; ++j) {
        least = std::min(least, draws.prior.weights[j] * tilt[j]);
        most = std::max(most, draws.prior.weights[j] * tilt[j]);
    }
    CHECK(most / least < 1.5);   // of e^5
}

TEST_CASE("prior_adaptation: errors of mode masses are right after it, in 60 runs") {
    const GaussianMixture model = chains::gmm2d();
    double squares = 0.0;
    std::int64_t covered = 0, count = 0;
    for (std::uint64_t key = 500; key < 560; ++key) {
        const LangevinGibbsDraws draws = run(key, PriorAim::flat, 60, 100, 60);
        const Estimate masses = mode_masses(draws.traces);
        for (std::size_t k = 0; k < 8; ++k, ++count) {
            const double z = (masses.value[k] - model.weights()[k]) / masses.std_error()[k];
            squares += z * z;
            covered += std::abs(z) < 2.00 ? 1 : 0;   // Student's, 59 degrees of freedom
        }
    }
    CHECK(squares / static_cast<double>(count) ==
          doctest::Approx(1.04).epsilon(0.28));   // 59 / 57; about 420 independent ones: 4 standard errors
    CHECK(static_cast<double>(covered) / static_cast<double>(count) > 0.9);
}

TEST_CASE("prior_adaptation: weights change in burn-in and never after, and bits do not depend on how many samples follow") {
    const LangevinGibbsDraws one = run(44, PriorAim::flat, 30, 40, 5), longer = run(44, PriorAim::flat, 30, 40, 9);
    CHECK(one.prior.weights == longer.prior.weights);
    CHECK(std::equal(one.x.data.begin(), one.x.data.end(), longer.x.data.begin()));
    CHECK(one.prior.weights != wrong(level_count));
    CHECK(one.traces.prior.weights == std::vector<double>(level_count, 1.0));
    CHECK_THROWS_WITH_AS(run(44, PriorAim::flat, 30, 0, 5), "langevin_gibbs: adapt needs steps of burn_in, got 0",
                         std::invalid_argument);
}

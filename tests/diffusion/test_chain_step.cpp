#include <buffon/diffusion/chain_step.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "chains.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

ChainKernel kernel_of(const GaussianMixture& model, ChainOptions options, double low = 0.05, double high = 6.0) {
    options.levels = 60;
    return {chain_target(model), options, sigma_prior(options, low, high), 0};
}

/// Two levels of which the second never comes: chains at a fixed one.
ChainKernel at_level(const GaussianMixture& model, double sigma, ChainOptions options) {
    options.levels = 2;
    options.prior = {1.0, 1e-300};
    return {chain_target(model), options, sigma_prior(options, sigma, 2 * sigma), 0};
}

/// Differences to the exact law after `steps` steps of chains that begin in it, in standard errors: means and squares
/// of log sigma,
/// x and log p_sigma(x), their products, and the mass of a mode. Chains are independent.
std::vector<double> departures(const ChainKernel& kernel, const GaussianMixture& model, int steps, std::int64_t n) {
    ChainState state = chains::exact(kernel, model, n, 11), other = chains::exact(kernel, model, n, 12);
    for (int t = 0; t < steps; ++t) kernel.step(state, 13);
    const auto values = [&](const ChainState& s) {
        std::vector<std::vector<double>> out(7);
        std::vector<double> density(s.sigma.size());
        Matrix modes(n, model.size());
        model.log_density(s.x, s.sigma, density);
        model.responsibilities(s.x, s.sigma, modes);
        for (std::int64_t i = 0; i < n; ++i) {
            const double log_sigma = std::log(s.sigma[static_cast<std::size_t>(i)]), x = s.x(i, 0), y = s.x(i, 1),
                         p = density[static_cast<std::size_t>(i)];
            const double row[] = {log_sigma, log_sigma * log_sigma, x, std::hypot(x, y), p, p * log_sigma, modes(i, 7)};
            for (std::size_t k = 0; k < out.size(); ++k) out[k].push_back(row[k]);
        }
        return out;
    };
    const auto a = values(state), b = values(other);
    std::vector<double> z;
    for (std::size_t k = 0; k < a.size(); ++k) {
        std::vector<double> difference;
        for (std::size_t i = 0; i < a[k].size(); ++i) difference.push_back(a[k][i] - b[k][i]);
        z.push_back(chains::z_score(difference));
    }
    return z;
}

double largest(const std::vector<double>& z) {
    double out = 0.0;
    for (const double v : z) out = std::max(out, std::abs(v));
    return out;
}

}  // namespace

TEST_CASE(
    "chain_step: corrected steps keep the exact law of (x, sigma), whichever exact rule draws sigma and however steps "
    "are scaled") {
    const GaussianMixture model = chains::gmm2d();
    const ChainOptions kinds[] = {{.step = 1.0, .metropolis = true},
                                  {.sigma = SigmaRule::data, .step = 1.0, .metropolis = true},
                                  {.step = 0.02, .step_scale = StepScale::constant, .metropolis = true},
                                  {.step = 0.7, .metropolis = true, .langevin_steps = 3}};
    for (const ChainOptions& options : kinds) {
        CAPTURE(options.langevin_steps);
        CHECK(largest(departures(kernel_of(model, options), model, 15, 6000)) <
              4.5);   // 28 values in all: one false alarm in 5,000
    }
}

TEST_CASE("chain_step: uncorrected large steps, and the most probable level in place of a draw, leave the law; a prior is kept") {
    const GaussianMixture model = chains::gmm2d();
    CHECK(largest(departures(kernel_of(model, {.step = 1.0}), model, 15, 6000)) > 10);
    CHECK(largest(departures(kernel_of(model, {.sigma_rule = SigmaChoice::argmax, .step = 0.5, .metropolis = true}),
                             model, 15, 6000)) > 10);
    ChainOptions tilted{.step = 0.8, .metropolis = true};
    for (int j = 0; j < 60; ++j) tilted.prior.push_back(1.0 + j);
    CHECK(largest(departures(kernel_of(model, tilted), model, 15, 6000)) < 4.5);
}

TEST_CASE("chain_step: a corrected step at one level is reversible, an uncorrected one is not") {
    const GaussianMixture model = chains::gmm2d();
    const auto asymmetry = [&](bool metropolis) {
        const ChainKernel kernel = at_level(model, 0.6, {.step = 1.5, .metropolis = metropolis});
        ChainState state = chains::exact(kernel, model, 40'000, 21);
        const Matrix before = state.x;
        const ChainStep step = kernel.step(state, 22);
        CHECK(step.evaluations == (metropolis ? 80'000 : 40'000));
        CHECK(step.proposed == (metropolis ? 40'000 : 0));
        std::vector<double> difference;   // E[f(x) g(x')] = E[f(x') g(x)] for every f and g
        for (std::int64_t i = 0; i < before.rows; ++i) {
            const auto f = [&](const Matrix& x) { return std::hypot(x(i, 0), x(i, 1)); };
            const auto g = [&](const Matrix& x) { return std::exp(-std::pow(f(x) - 4, 2)); };
            difference.push_back(f(before) * g(state.x) - f(state.x) * g(before));
        }
        return std::abs(chains::z_score(difference));
    };
    CHECK(asymmetry(true) < 4.5);
    CHECK(asymmetry(false) > 8);
}

TEST_CASE("chain_step: chains do not know of each other nor of threads, and one that leaves all bounds returns to its start") {
    const GaussianMixture model = chains::gmm2d();
    const ChainOptions options{.step = 0.5, .levels = 50};
    const ChainKernel one(chain_target(model), options, sigma_prior(options, 0.05, 6), 1),
        many(chain_target(model), options, sigma_prior(options, 0.05, 6), 4);
    ChainState a = chains::exact(one, model, 600, 31), b = a, alone = one.start(Matrix(1, 2), {1.0});
    std::copy_n(a.x.data.begin(), 2, alone.x.data.begin());
    alone.sigma = {a.sigma[0]};
    for (int t = 0; t < 4; ++t) {
        one.step(a, 32);
        many.step(b, 32);
        one.step(alone, 32);
    }
    CHECK(a.x.data == b.x.data);
    CHECK(a.sigma == b.sigma);
    CHECK(std::equal(alone.x.data.begin(), alone.x.data.end(), a.x.data.begin()));
    CHECK(alone.sigma[0] == a.sigma[0]);

    const ChainOptions wild{.step = 1e200, .step_scale = StepScale::constant, .levels = 50};
    const ChainKernel far(chain_target(model), wild, sigma_prior(wild, 0.05, 6));
    Matrix x(3, 2, 1.5);
    ChainState state = far.start(x, {0.7});
    CHECK(far.step(state, 1).restarted == 3);
    CHECK(state.x.data == x.data);
}

TEST_CASE("chain_step: options without sense are refused by name") {
    const GaussianMixture model = chains::gmm2d();
    const auto fails = [](const ChainTarget& target, const ChainOptions& options, const char* what) {
        CHECK_THROWS_WITH_AS(ChainKernel(target, options, sigma_prior(options, 0.05, 6)), doctest::Contains(what),
                             std::invalid_argument);
    };
    fails(chain_target(model), {.step = 0.0}, "step must be positive");
    fails(chain_target(model), {.step_scale = StepScale::constant}, "step must be given");
    fails(chain_target(model), {.langevin_steps = 0}, "langevin_steps must be at least 1");
    fails(chain_target(model), {.levels = 1}, "levels must be at least 2");
    fails(chain_target(model), {.sigma_min = 7.0}, "sigma_min must be positive and below sigma_max");
    fails(chain_target(model), {.levels = 3, .prior = {1.0, 2.0}}, "prior must hold a weight for each of the 3 levels");
    fails(chain_target(Denoiser(model)), {.sigma = SigmaRule::plug_in, .metropolis = true},
          "metropolis needs a model with a density");
    const ChainKernel kernel(chain_target(model), {}, sigma_prior({}, 0.05, 6));
    CHECK_THROWS_WITH_AS(chain_kernel(model, {.sigma_min = 0.1}), "chain_kernel: sigma_min and sigma_max must be given",
                         std::invalid_argument);
    CHECK_THROWS_AS(kernel.start(Matrix(2, 3), {1.0}), std::invalid_argument);
    CHECK_THROWS_AS(kernel.start(Matrix(2, 2), {1.0, 2.0, 3.0}), std::invalid_argument);
    CHECK_THROWS_AS(kernel.start(Matrix(2, 2), {0.0}), std::invalid_argument);
    CHECK_THROWS_AS(kernel.start(Matrix(2, 2, std::numeric_limits<double>::infinity()), {1.0}), std::invalid_argument);
}

#include <buffon/diffusion/sigma_rules.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "chains.hpp"

using namespace buffon::diffusion;
using buffon::ConstView;
using buffon::Matrix;
using buffon::Stream;
using buffon::View;

namespace {

SigmaPrior prior_of(std::vector<double> levels) {
    std::vector<double> weights(levels.size(), 1.0);
    return {std::move(levels), std::move(weights)};
}

Matrix repeated(std::vector<double> row, std::int64_t n) {
    Matrix out(n, static_cast<std::int64_t>(row.size()));
    for (std::int64_t i = 0; i < n; ++i) std::ranges::copy(row, out.view().row(i).begin());
    return out;
}

}  // namespace

TEST_CASE("sigma_rules: the exact law of a mixture on 1,000 levels has the specified mean and mode, and draws have its mean") {
    const ChainTarget target = chain_target(chains::gmm2d());
    std::vector<double> levels;   // 0.01 1000^t, t = 0.001, 0.002, ..., 1
    for (int j = 1; j <= 1000; ++j) levels.push_back(0.01 * std::pow(1000, 0.001 * j));
    const SigmaPrior prior = prior_of(levels);
    const std::int64_t n = 1500;
    for (const auto& [x, mean, mode] :
         {std::tuple<std::vector<double>, double, std::int64_t>{{1, 2}, 0.970057, 999 - 176},
          {{3.5, 0.5}, 0.122056, 999 - 446}}) {
        const Matrix at = repeated(x, n);
        CHECK(draw_sigma(target, SigmaRule::exact, prior, repeated(x, 1), {}, {1, 1}, {1, 2}, 0, true, 1).level[0] == mode);
        const SigmaDraws drawn = draw_sigma(target, SigmaRule::exact, prior, at, {}, {1, 1}, {1, 2}, 0, false, 1);
        std::vector<double> log_sigma;
        for (const std::int64_t j : drawn.level) log_sigma.push_back(std::log(prior.levels[static_cast<std::size_t>(j)]));
        CHECK(std::abs(chains::z_score(log_sigma, mean)) < 4.5);
        CHECK(drawn.evaluations == 0);
    }
}

TEST_CASE("sigma_rules: weights before x is seen multiply, a classifier's logarithms too, and rows have numbers of their own") {
    const ChainTarget target = chain_target(chains::gmm2d());
    const NoiseClassifier classifier{{1.0, 2.0}, [](ConstView, View out) {
        for (std::int64_t i = 0; i < out.rows; ++i) {
            out(i, 0) = 700.0 + std::log(3.0);
            out(i, 1) = 700.0;
        }
    }};
    const std::int64_t n = 20'000;
    const Matrix x = repeated({0, 0}, n);
    const SigmaDraws drawn = draw_sigma(target, classifier, {classifier.levels, {1.0, 2.0}}, x, {}, {5, 1}, {5, 2}, 0, false, 1);
    std::vector<double> second;
    for (const std::int64_t j : drawn.level) second.push_back(static_cast<double>(j));
    CHECK(std::abs(chains::z_score(second, 0.4)) < 4.5);   // 2 / (3 + 2)
    const SigmaDraws again = draw_sigma(target, classifier, {classifier.levels, {1.0, 2.0}},
                                        ConstView(x.view().slice(0, 10)), {}, {5, 1}, {5, 2}, 0, false, 1);
    CHECK(std::equal(again.level.begin(), again.level.end(), drawn.level.begin()));
}

TEST_CASE("sigma_rules: the plug-in finds the level of a Gaussian from its trace, and without a trace takes it for lower") {
    const std::int64_t n = 4000, d = 64;
    Matrix mean(1, d), variance(1, d, 1.0);
    const GaussianMixture model = GaussianMixture::diagonal({1.0}, mean, variance);
    const ChainTarget target = chain_target(Denoiser(model));
    const SigmaPrior prior = prior_of(geometric_levels(0.1, 10, 800));
    const double level[] = {1.0};
    Matrix x(n, d);
    model.forward(level, {3, 1}, 0, x);
    const std::vector<double> sigma(static_cast<std::size_t>(n), 1.0);
    // |x - D|^2 = |x|^2 / 4 of variance 2 in each coordinate: 1 / 2 of d; the trace of D' is d / 2
    const auto mean_log = [&](std::int64_t probes) {
        const SigmaDraws drawn = draw_sigma(target, SigmaRule::plug_in, prior, x, sigma, {3, 2}, {3, 3}, probes, false, 1);
        CHECK(drawn.evaluations == n * (1 + probes));
        double sum = 0.0;
        for (const std::int64_t j : drawn.level)
            sum += std::log(prior.levels[static_cast<std::size_t>(j)]) / static_cast<double>(n);
        return sum;
    };
    CHECK(std::abs(mean_log(1)) < 0.02);   // 2 % in sigma
    CHECK(std::abs(mean_log(0) - 0.5 * std::log(0.5)) < 0.02);
}

TEST_CASE("sigma_rules: what the model does not know, and laws without a level, are refused by name") {
    const ChainTarget bare = chain_target(Denoiser(chains::gmm2d()));
    CHECK_THROWS_WITH_AS(check_sigma_law(bare, SigmaRule::exact),
                         "langevin_gibbs: sigma = 'exact' needs a model with a density (GaussianMixture, Empirical); "
                         "for GaussianMixture use 'plug-in' or a noise classifier",
                         std::invalid_argument);
    CHECK_THROWS_AS(check_sigma_law(bare, SigmaRule::data), std::invalid_argument);
    check_sigma_law(bare, SigmaRule::plug_in);
    const NoiseClassifier none{{1.0, 2.0}, [](ConstView, View out) {
                                   std::fill_n(out.data, out.size(), -std::numeric_limits<double>::infinity());
                               }};
    const Matrix x(1, 2);
    CHECK_THROWS_AS(draw_sigma(bare, none, prior_of({1.0, 2.0}), x, {}, {1, 1}, {1, 2}, 0, false, 1), std::invalid_argument);
    const ChainTarget no_number = chain_target(
        Denoiser(2, [](const Query&, View out) { std::fill_n(out.data, out.size(), std::numeric_limits<double>::quiet_NaN()); }));
    const double sigma[] = {1.0};
    CHECK_THROWS_AS(
        draw_sigma(no_number, SigmaRule::plug_in, prior_of({1.0, 2.0}), x, sigma, {1, 1}, {1, 2}, 0, false, 1),
        std::invalid_argument);
    const auto levels = geometric_levels(0.01, 20, 5);
    CHECK(levels.front() == 0.01);
    CHECK(levels.back() == 20);
}

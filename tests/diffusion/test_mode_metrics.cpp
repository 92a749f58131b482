#include <buffon/diffusion/mode_metrics.hpp>

#include <cmath>
#include <functional>

#include <boost/math/distributions/chi_squared.hpp>
#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

/// Modes on a line, `apart` from one another.
GaussianMixture line(std::vector<double> weights, double apart, double variance = 1.0) {
    const auto k = static_cast<std::int64_t>(weights.size());
    Matrix means(k, 2), variances(k, 2, variance);
    for (std::int64_t j = 0; j < k; ++j) means(j, 0) = apart * static_cast<double>(j);
    return GaussianMixture::diagonal(std::move(weights), means, variances);
}

PointSets one(Matrix x) { return {{std::move(x)}, {}}; }
ModeClassifier of(GaussianMixture mixture) { return {std::move(mixture), {}}; }

Matrix draws(const GaussianMixture& mixture, std::int64_t n, std::uint64_t key, double sigma = 0.0) {
    Matrix x(n, mixture.dim());
    mixture.forward({&sigma, 1}, Stream{key, 7}, 0, x, 1);
    return x;
}

/// Over runs of an estimate: the mean of each value, and the share of intervals that hold `truth`.
struct Runs {
    std::vector<double> mean, covered;
};

Runs repeat(int times, const std::vector<double>& truth, const std::function<Estimate(std::uint64_t)>& run) {
    Runs out{std::vector<double>(truth.size()), std::vector<double>(truth.size())};
    for (int r = 0; r < times; ++r) {
        const Estimate e = run(static_cast<std::uint64_t>(r));
        const auto [low, high] = e.confidence_interval();
        for (std::size_t j = 0; j < truth.size(); ++j) {
            out.mean[j] += e.value[j] / times;
            out.covered[j] += (low[j] <= truth[j] && truth[j] <= high[j]) / static_cast<double>(times);
        }
    }
    return out;
}

double number(const Estimate& e, const char* name) { return std::get<std::vector<double>>(e.diagnostics.at(name))[0]; }

}  // namespace

TEST_CASE("mode_masses: counts of modes that are apart, with the covariance of a multinomial law") {
    const GaussianMixture mixture = line({0.5, 0.3, 0.2}, 50);
    Matrix x(10, 2);
    for (std::int64_t i = 0; i < 10; ++i) x(i, 0) = i < 4 ? 0.3 : 49.0;   // 4, 6 and none
    for (const bool hard : {false, true}) {
        const Estimate e = mode_masses(one(x), of(mixture), {.hard = hard});
        CHECK(e.names == std::vector<std::string>{"mode 0", "mode 1", "mode 2", "total_variation"});
        CHECK(e.value[0] == doctest::Approx(0.4));
        CHECK(e.value[1] == doctest::Approx(0.6));
        CHECK(e.value[3] == doctest::Approx(0.3));   // mode 1 has 0.3 too much
        CHECK(e.covariance(0, 0) == doctest::Approx(0.4 * 0.6 / 9));
        CHECK(e.covariance(0, 1) == doctest::Approx(-0.4 * 0.6 / 9));
        CHECK(e.covariance(1, 3) == doctest::Approx(0.4 * 0.6 / 9));
        CHECK(number(e, "modes_found") == 2);
        CHECK(e.n == 10);
        const auto [low, high] = e.confidence_interval();
        CHECK(low[2] == 0);
        CHECK(high[2] == doctest::Approx(1 - std::pow(0.025, 0.1)));
    }
    const Estimate two = mode_masses({{x, x}, {"a", "b"}}, of(mixture));
    CHECK(two.names[4] == "b.mode 0");
    CHECK(two.contrast(1, 5).std_error()[0] < 1e-12);   // the same rows
}

TEST_CASE("mode_masses: exact draws have the weights, intervals cover, the floor is their mean total variation") {
    const std::vector<double> weights{0.05, 0.25, 0.3, 0.4};
    const GaussianMixture mixture = line(weights, 20), other = line({0.15, 0.25, 0.2, 0.4}, 20);
    constexpr int times = 600;
    const auto masses = [&](const GaussianMixture& from) {
        return [&](std::uint64_t r) { return mode_masses(one(draws(from, 150, r)), of(mixture), {.threads = 1}); };
    };
    const Runs equal = repeat(times, {0.05, 0.25, 0.3, 0.4, 0.0}, masses(mixture));
    for (std::size_t k = 0; k < 4; ++k)
        CHECK(std::abs(equal.mean[k] - weights[k]) < 5 * std::sqrt(weights[k] * (1 - weights[k]) / (150 * times)));
    for (const double covered : equal.covered) CHECK(covered > 0.94);
    CHECK(equal.mean[4] ==
          doctest::Approx(number(masses(mixture)(0), "floor")).epsilon(0.06));   // its sd is 0.4 of it: 3.6 errors
    const Runs apart = repeat(times, {0.15, 0.25, 0.2, 0.4, 0.1}, masses(other));
    for (const double covered : apart.covered) CHECK(covered > 0.94);
    CHECK(apart.mean[4] > 0.1);   // biased upward
    CHECK(apart.mean[4] < 0.1 + number(masses(other)(0), "floor"));
}

TEST_CASE("mode_masses: posterior means are unbiased where modes overlap and at noise levels, counts are not") {
    const GaussianMixture mixture = line({0.2, 0.8}, 2.0);
    constexpr double noise = 0.7;
    const auto masses = [&](bool hard) {
        return [&mixture, hard](std::uint64_t r) {
            return mode_masses(one(draws(mixture, 400, r, noise)), of(mixture),
                               {.sigma = noise, .hard = hard, .threads = 1});
        };
    };
    const Runs soft = repeat(400, {0.2, 0.8}, masses(false)), hard = repeat(400, {0.2, 0.8}, masses(true));
    CHECK(std::abs(soft.mean[0] - 0.2) < 5 * 0.02 / std::sqrt(400.0));
    CHECK(soft.covered[0] > 0.92);
    CHECK(soft.covered[0] < 0.98);
    CHECK(hard.mean[0] < 0.17);
}

TEST_CASE("off_mode: the tail of the chi-square law, less where modes lie in each other's tails") {
    const GaussianMixture single = line({1.0}, 0.0);
    const double share = 0.02;
    constexpr int times = 600;
    const Runs found = repeat(times, {share}, [&](std::uint64_t r) {
        return off_mode(one(draws(single, 300, r)), single, {.share = share, .threads = 1});
    });
    CHECK(std::abs(found.mean[0] - share) < 5 * std::sqrt(share * (1 - share) / (300 * times)));
    CHECK(found.covered[0] > 0.94);
    const boost::math::chi_squared_distribution<double> law(2.0);
    const double limit = std::sqrt(boost::math::quantile(boost::math::complement(law, share)));
    Matrix x(2, 2);
    x.data = {limit * (1 - 1e-9), 0, 0, limit * (1 + 1e-9)};
    const Estimate e = off_mode(one(x), single, {.share = share});
    CHECK(e.value[0] == 0.5);
    CHECK(std::get<double>(e.diagnostics.at("threshold")) == doctest::Approx(limit * limit));
    CHECK(number(e, "floor") == share);
    const GaussianMixture near = line({0.3, 0.7}, 3.0);   // half a tail of each lies within the other
    const Estimate exact = off_mode(one(draws(near, 100'000, 1)), near, {.share = share});
    CHECK(number(exact, "floor") < 0.9 * share);
    CHECK(number(exact, "floor") == doctest::Approx(exact.value[0]).epsilon(0.1));
    CHECK_THROWS_WITH(off_mode(one(x), single, {.share = 1.0}), "off_mode: share must lie in (0, 1), got 1");
}

TEST_CASE("mode_mixture: between two modes a stretch in closed form; a function of probabilities gives the same") {
    constexpr double apart = 6.0, sigma = 0.8;
    const GaussianMixture mixture = line({0.5, 0.5}, apart, 0.25);
    Matrix x(601, 2);
    for (std::int64_t i = 0; i < x.rows; ++i)
        x(i, 0) = -0.0001 + 0.01 * static_cast<double>(i), x(i, 1) = 5.0;   // across, from mode to mode
    const auto expected = [&](double level) {   // log odds = apart (x - apart / 2) / (variance + sigma^2)
        const double half = std::log((1 - level) / level) * (0.25 + sigma * sigma) / apart;
        std::int64_t hits = 0;
        for (std::int64_t i = 0; i < x.rows; ++i) hits += std::abs(x(i, 0) - apart / 2) <= half;
        return static_cast<double>(hits) / static_cast<double>(x.rows);
    };
    const Estimate e = mode_mixture(one(x), of(mixture), {.level = std::vector{0.05, 0.1, 0.4}, .sigma = sigma});
    CHECK(e.names == std::vector<std::string>{"0.05", "0.1", "0.4"});
    CHECK(e.value == std::vector<double>{expected(0.05), expected(0.1), expected(0.4)});
    CHECK(e.value[0] > e.value[1]);
    CHECK(e.value[2] > 0);
    const auto probabilities = [&](ConstView rows) {
        Outputs out{Matrix(rows.rows, 2), {}};
        mixture.responsibilities(rows, {&sigma, 1}, out.y, 1);
        return out;
    };
    const Estimate told = mode_mixture(one(x), {{}, probabilities}, {.level = std::vector{0.05, 0.1, 0.4}});
    CHECK(told.value == e.value);
    CHECK(told.diagnostics.size() == 1);   // that rows are counted
    const Estimate exact = mode_mixture(one(draws(mixture, 50'000, 3)), of(mixture), {.sigma = 1.5});
    CHECK(number(exact, "floor") == doctest::Approx(exact.value[0]).epsilon(0.25));
    CHECK(std::get<double>(mode_mixture(one(x), of(mixture)).diagnostics.at("sigma")) == doctest::Approx(0.5));
    const Estimate masses = mode_masses(one(x), {{}, probabilities}, {.weights = {{2, 2}}});
    CHECK(masses.value == mode_masses(one(x), of(mixture), {.sigma = sigma}).value);
    CHECK(number(masses, "floor") == number(mode_masses(one(x), of(mixture)), "floor"));
    CHECK_THROWS_WITH(mode_masses(one(x), {{}, probabilities}),
                      "mode_masses: weights must be given, a function of rows has none of its own");
    CHECK_THROWS_WITH(mode_masses(one(x), {{}, probabilities}, {.weights = {{1, 1, 1}}}),
                      "mode_masses: classifier must give shape (n, c) = (601, 3), got (601, 2)");
    const auto logits = [](ConstView rows) { return Outputs{Matrix(rows.rows, 2, 3.0), {}}; };
    CHECK_THROWS_WITH(mode_mixture(one(x), {{}, logits}), "mode_mixture: classifier must give probabilities, got 3");
    const auto sigmoids = [](ConstView rows) { return Outputs{Matrix(rows.rows, 2, 0.9), {}}; };
    CHECK_THROWS_WITH(mode_mixture(one(x), {{}, sigmoids}),
                      "mode_mixture: classifier must give probabilities that sum to 1, got the sum 1.8");
    CHECK_THROWS_WITH(mode_mixture(one(x), of(mixture), {.level = std::vector{0.1, 0.1}}),
                      "mode_mixture: level must hold numbers that differ, got 0.1 twice");
    CHECK_THROWS_WITH(mode_mixture(one(x), of(mixture), {.level = 0.6}), "mode_mixture: level must lie in (0, 0.5], got 0.6");
}

TEST_CASE("mode_masses: a function that says the same of all rows has masses without errors") {
    const auto same = [](ConstView rows) {
        Outputs out{Matrix(rows.rows, 2, 0.9), {}};
        for (std::int64_t i = 0; i < rows.rows; ++i) out.y(i, 1) = 0.1;
        return out;
    };
    const Estimate e = mode_masses(one(Matrix(500, 2)), {{}, same}, {.weights = {{1, 1}}});
    const auto [low, high] = e.confidence_interval();
    CHECK(low[0] == doctest::Approx(0.9).epsilon(1e-5));
    CHECK(high[0] == doctest::Approx(0.9).epsilon(1e-5));
    CHECK(e.value[2] == doctest::Approx(0.4));
}

TEST_CASE("mode_metrics: threads change nothing, wrong shapes are named") {
    const GaussianMixture mixture = line({0.4, 0.6}, 3.0);
    const PointSets x{{draws(mixture, 9000, 1), draws(mixture, 40, 2)}, {}};
    CHECK(mode_masses(x, of(mixture), {.threads = 1}).covariance.data ==
          mode_masses(x, of(mixture), {.threads = 3}).covariance.data);
    CHECK(off_mode(x, mixture, {.threads = 1}).value == off_mode(x, mixture, {.threads = 2}).value);
    CHECK_THROWS_WITH(mode_masses(one(Matrix(5, 3)), of(mixture)),
                      "mode_masses: x must have the 2 columns of the reference, got 3");
    CHECK_THROWS_WITH(off_mode(PointSets{}, mixture, {}), "off_mode: x must hold at least one sample");
}

#include <buffon/law_derivatives.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>

#include "kept_line.hpp"

using namespace buffon;

namespace {

const double s = std::sqrt(8.0), beta = 5 / s;

double density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI); }

/// d / d (a.mean, a.sd, b.mean, b.sd) of the mean, then of the probability.
const double slopes[] = {1,
                         0,
                         2,
                         0,
                         density(beta) / s,
                         density(beta) * beta / s * 2 / s,
                         2 * density(beta) / s,
                         density(beta) * beta / s * 4 / s};

}  // namespace

TEST_CASE("derivatives of a mean and of Phi(-beta) are those of the closed form, from any sample") {
    for (int estimator = 0; estimator < 4; ++estimator) {
        CAPTURE(estimator);
        const Estimate e = law_derivatives(sample_by(estimator, 31));
        REQUIRE(e.size() == 8);
        CHECK(e.names[5] == "d E[P] / d a.sd");
        for (std::size_t v = 0; v < 8; ++v) CHECK(std::abs(e.value[v] - slopes[v]) < 5 * e.std_error()[v]);
        CHECK(e.std_error()[4] < 0.1 * slopes[4]);
    }
}

TEST_CASE("derivatives of a quantile follow mean and standard deviation") {
    const Estimate e = law_derivatives(sample_by(0, 32), {.quantity = Differentiated::quantile, .level = 0.9, .outputs = {"y"}});
    const double z = normal_quantile(0.9), truth[] = {1, z * 2 / s, 2, z * 4 / s};
    for (std::size_t v = 0; v < 4; ++v) CHECK(std::abs(e.value[v] - truth[v]) < 5 * e.std_error()[v]);
    CHECK(e.std_error()[0] < 0.15);
    CHECK(e.names[0] == "d q0.9[y] / d a.mean");
}

TEST_CASE("the error is that of repeated samples") {
    double squares[2] = {}, reported[2] = {};
    constexpr int repetitions = 300;
    for (int r = 0; r < repetitions; ++r) {
        const Sample sample = sample_by(0, 400 + static_cast<std::uint64_t>(r), 2'000);
        const Estimate mean = law_derivatives(sample, {.parameters = {"b.sd"}, .outputs = {"P"}});
        const Estimate quantile = law_derivatives(
            sample, {.parameters = {"a.mean"}, .quantity = Differentiated::quantile, .level = 0.9, .outputs = {"y"}});
        const double errors[] = {mean.value[0] - slopes[7], quantile.value[0] - 1};
        for (int k = 0; k < 2; ++k) squares[k] += errors[k] * errors[k];
        reported[0] += mean.covariance(0, 0);
        reported[1] += quantile.covariance(0, 0);
    }
    for (int k = 0; k < 2; ++k)
        CHECK(std::abs(reported[k] / squares[k] - 1) < 0.4);   // a variance of 300: 8 % one way, and 5 deviations
}

TEST_CASE("by moments a log-normal law has mean and standard deviation, elasticities are relative") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Joint({LogNormal(1, 0.3)}, {"F"})));
    const Sample sample = *quasi(problem, kept(20'000, 33)).sample;
    const Estimate natural = law_derivatives(sample), moments = law_derivatives(sample, {.moments = true});
    const double mean = std::exp(1.045);   // d mean / d mu = mean, d / d sigma = sigma mean
    CHECK(natural.names == std::vector<std::string>{"d E[y] / d F.mu", "d E[y] / d F.sigma"});
    CHECK(std::abs(natural.value[0] - mean) < 5 * natural.std_error()[0]);
    CHECK(std::abs(natural.value[1] - 0.3 * mean) < 5 * natural.std_error()[1]);
    CHECK(moments.names == std::vector<std::string>{"d E[y] / d F.mean", "d E[y] / d F.sd"});
    CHECK(std::abs(moments.value[0] - 1) < 5 * moments.std_error()[0]);
    CHECK(std::abs(moments.value[1]) < 5 * moments.std_error()[1]);
    const Estimate relative = law_derivatives(sample, {.parameters = {"F.mean"}, .moments = true, .elasticities = true});
    CHECK(relative.names[0] == "elasticity of E[y] by F.mean");
    CHECK(std::abs(relative.value[0] - 1) < 5 * relative.std_error()[0]);
}

TEST_CASE("correlations have derivatives, ends of a support have none") {
    const Joint law({Normal(), Normal(), Uniform()}, {"a", "b", "u"},
                    Dependence({CopulaGroup{GaussianCopula([] {
                                                Matrix r(2, 2, 0.4);
                                                r(0, 0) = r(1, 1) = 1;
                                                return r;
                                            }()),
                                            {0, 1}}}));
    const Problem problem([](std::span<const double> x) { return x[0] * x[1] + x[2]; }, Distribution(law));
    const Sample sample = *quasi(problem, kept(40'000, 34)).sample;
    const Estimate e = law_derivatives(sample);
    CHECK(std::abs(e.value[static_cast<std::size_t>(e.index("d E[y] / d corr(a, b)"))] - 1) <
          5 * e.std_error()[static_cast<std::size_t>(e.index("d E[y] / d corr(a, b)"))]);
    CHECK(std::get<std::vector<std::string>>(e.diagnostics.at("without_score")) ==
          std::vector<std::string>{"u.lower", "u.upper"});
    CHECK_THROWS_WITH_AS(law_derivatives(sample, {.parameters = {"u.upper"}}),
                         "law_derivatives: 'u.upper' moves an end of the support, so the density has no derivative by "
                         "it; compare two laws with reweight",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(law_derivatives(sample, {.parameters = {"a.sb"}}),
                         "law_derivatives: the law has no parameter 'a.sb'; did you mean 'a.sd'?",
                         std::invalid_argument);
}

TEST_CASE("derivatives by many inputs are the same bits on any number of threads") {
    const Problem sum([](std::span<const double> x) { double s = 0; for (const double v : x) s += v * v; return s; },
                      Distribution(Joint(std::vector<Univariate>(6, Gamma(2, 1)))));
    const Sample s = *plain(sum, kept(10'000, 41)).sample;
    const Estimate one = law_derivatives(s, {.threads = 1}), three = law_derivatives(s, {.threads = 3});
    REQUIRE(one.size() == 12);
    CHECK(one.value == three.value);
    CHECK(one.covariance.data == three.covariance.data);
    const double by_shape = 5, by_scale = 12;   // E[x^2] = shape (shape + 1) scale^2 at shape 2, scale 1
    for (std::size_t j = 0; j < 6; ++j) {
        CHECK(std::abs(one.value[2 * j] - by_shape) < 5 * one.std_error()[2 * j]);
        CHECK(std::abs(one.value[2 * j + 1] - by_scale) < 5 * one.std_error()[2 * j + 1]);
    }
}

#include <buffon/recycled_sample.hpp>

#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include <buffon/adaptive.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

double density(double z, double mean, double sd) {
    return std::exp(-0.5 * (z - mean) * (z - mean) / (sd * sd)) / (sd * std::sqrt(2 * std::numbers::pi));
}

/// q_0, then two mixtures of it with a Gaussian, 2^a points each: the proposals do not depend on the points.
struct Fixed {
    Problem problem{[](std::span<const double> x) { return std::vector{x[0] * x[0], std::exp(x[0])}; },
                    testing::standard_normal(1)};
    std::vector<double> exact{1.0, std::exp(0.5)};
    Run run;
    Evaluation evaluate;
    WorkingSpace space = working_space(problem, {});
    AiscvOptions options;
    std::vector<Proposal> proposals{Proposal::initial(), Proposal(true, {Gaussian{{1.0}, Matrix(1, 1, 1.2)}}, {0.3, 0.7}),
                                    Proposal(true, {Gaussian{{-0.5}, Matrix(1, 1, 1.6)}}, {0.1, 0.9})};
    Pool pool;

    Fixed(std::uint64_t key, Points points, int threads = 1)
        : run{.budget = 896, .rng = key, .threads = threads}, evaluate("test", problem, run) {
        options.points = points;
        for (std::uint32_t t = 0; t < 2; ++t) {
            const PointSet set = points == Points::iid ? PointSet::independent(128, {key, 4 * t})
                                                       : PointSet::nets(proposals[t].coordinates(space), 32, 4, key, 4 * t);
            const Batch batch = draw_batch(evaluate, space, proposals[t], set, 0, 128);
            std::vector<double> log_q;
            if (t > 0) log_q = pool.log_density_of(pool.relative(proposals[t]), proposals[t].alpha());
            pool.add(batch, proposals[t], std::move(log_q));
        }
    }
    Estimate estimate(const Proposal& last) {
        std::vector<RecycledSample> samples;
        samples.emplace_back(evaluate, space, pool, last, options, RecycledSample::Plan{4, 512, 16, 100});
        samples[0].run();
        return recycled(evaluate, samples, {""});
    }
};

}  // namespace

TEST_CASE("the stage mixture is the mixture of the proposals by their counts, and its controls have mean 0") {
    const Fixed fixed(1, Points::iid);
    const std::vector<Stage> stages{
        {fixed.proposals[0], 100, 2, 0}, {fixed.proposals[1], 300, 2, 100}, {fixed.proposals[2], 600, 2, 0}};
    const StageMixture mixture(stages);
    CHECK(mixture.controls() == 3);   // q_0, the last one's Gaussian, and the other mixture
    std::vector<double> mean(3);
    const double step = 0.01;
    for (double z = -12; z < 12; z += step) {
        const double q0 = density(z, 0, 1), g1 = density(z, 1, 1.2), g2 = density(z, -0.5, 1.6), q1 = 0.3 * q0 + 0.7 * g1;
        const double h = 0.1 * q0 + 0.3 * q1 + 0.6 * (0.1 * q0 + 0.9 * g2);
        Matrix at(1, 1, z);
        const Batch batch = weigh(fixed.space, mixture.density(), at, Matrix(1, 1, 1.0));
        CHECK(batch.log_q[0] == doctest::Approx(std::log(h)).epsilon(1e-12));
        const Matrix x = mixture.controls(batch.ratio);
        CHECK(x(0, 0) == doctest::Approx(q0 / h - 1).epsilon(1e-9));
        CHECK(x(0, 1) == doctest::Approx(g2 / h - 1).epsilon(1e-9));
        CHECK(x(0, 2) == doctest::Approx(q1 / h - 1).epsilon(1e-9));
        for (std::int64_t k = 0; k < 3; ++k) mean[static_cast<std::size_t>(k)] += step * h * x(0, k);
    }
    for (const double m : mean) CHECK(std::abs(m) < 1e-9);   // the trapezoid rule is exact for these
}

TEST_CASE("with proposals that are given the estimate from all stages is unbiased and its errors are what it says") {
    for (const Points points : {Points::iid, Points::rqmc}) {
        constexpr int keys = 400;
        double error[2] = {}, squares[2] = {}, variance[2] = {}, covered = 0;
        for (int key = 1; key <= keys; ++key) {
            Fixed fixed(static_cast<std::uint64_t>(key), points);
            const Estimate e = fixed.estimate(fixed.proposals[2]);
            const auto [low, high] = e.confidence_interval();
            CHECK(std::get<std::int64_t>(e.diagnostics.at("recycled_n")) == 768);
            for (std::size_t j = 0; j < 2; ++j) {
                const double off = e.value[j] - fixed.exact[j];
                error[j] += off;
                squares[j] += off * off;
                variance[j] += e.covariance(static_cast<std::int64_t>(j), static_cast<std::int64_t>(j));
                covered += (low[j] <= fixed.exact[j] && fixed.exact[j] <= high[j]) / (2.0 * keys);
            }
        }
        for (int j = 0; j < 2; ++j) {
            CAPTURE(j);
            CHECK(std::abs(error[j]) < 4.5 * std::sqrt(squares[j]));          // |z| of the mean error
            CHECK(squares[j] / variance[j] == doctest::Approx(1).epsilon(0.3));   // 400 squares: 0.07, nets more
        }
        CHECK(covered > 0.92);   // 800 intervals, 0.008
        CHECK(covered < 0.98);
    }
}

TEST_CASE("where the last stage is q_0 in nets only what came from q_0 is used") {
    Fixed nets(1, Points::rqmc), independent(1, Points::iid);
    CHECK(std::get<std::int64_t>(nets.estimate(Proposal::initial()).diagnostics.at("recycled_n")) == 128 + 512);
    CHECK(std::get<std::int64_t>(independent.estimate(Proposal::initial()).diagnostics.at("recycled_n")) == 256 + 512);
}

TEST_CASE("an integrand that is a density of the mixture is integrated without error") {
    Fixed fixed(5, Points::iid);
    const Problem shifted([](std::span<const double> x) { return density(x[0], -0.5, 1.6) / density(x[0], 0, 1); },
                          testing::standard_normal(1));
    Evaluation evaluate("test", shifted, fixed.run);
    Pool pool;
    const Batch batch = draw_batch(evaluate, fixed.space, fixed.proposals[1], PointSet::independent(128, {5, 0}), 0, 128);
    pool.add(batch, fixed.proposals[1], {});
    std::vector<RecycledSample> samples;
    fixed.options.cut = 0;
    samples.emplace_back(evaluate, fixed.space, pool, fixed.proposals[2], fixed.options, RecycledSample::Plan{4, 512, 16, 100});
    samples[0].run();
    const Estimate e = recycled(evaluate, samples, {""});
    CHECK(e.value[0] == doctest::Approx(1).epsilon(1e-9));
    CHECK(std::sqrt(e.covariance(0, 0)) < 1e-9);
}

TEST_CASE("threads change no bit") {
    Fixed one(9, Points::rqmc, 1), four(9, Points::rqmc, 4);
    const Estimate a = one.estimate(one.proposals[2]), b = four.estimate(four.proposals[2]);
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    CHECK(a.excess_kurtosis == b.excess_kurtosis);
}

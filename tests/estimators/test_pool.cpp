#include <buffon/pool.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Gaussian gaussian2(double a, double b, double l00, double l10, double l11) {
    Gaussian g{{a, b}, Matrix(2, 2)};
    g.factor(0, 0) = l00;
    g.factor(1, 0) = l10;
    g.factor(1, 1) = l11;
    return g;
}

long double log_gaussian2(const Gaussian& g, long double z0, long double z1) {
    const long double e0 = (z0 - g.mean[0]) / g.factor(0, 0);
    const long double e1 = (z1 - g.mean[1] - g.factor(1, 0) * e0) / g.factor(1, 1);
    return -std::log(2 * std::numbers::pi_v<long double>) -
           std::log(static_cast<long double>(g.factor(0, 0)) * g.factor(1, 1)) - (e0 * e0 + e1 * e1) / 2;
}

const Gaussian standard = gaussian2(0, 0, 1, 0, 1);

/// Batches of 400, 100 and 250 points from q_0, two components (one far out and narrow), and three.
struct ThreeBatches {
    WorkingSpace space = WorkingSpace::normal(testing::standard_normal(2));
    Problem problem{[](std::span<const double> x) { return std::vector{x[0] + x[1], x[0] * x[0]}; }, testing::standard_normal(2)};
    Run run{.budget = 750, .rng = 11};
    Evaluation evaluate{"test", problem, run};
    std::vector<Proposal> proposals{
        Proposal::initial(), Proposal(true, {gaussian2(9, -4, 0.3, 0.1, 0.2)}, {0.3, 0.7}),
        Proposal(true, {gaussian2(-2, 1, 1.5, 0.5, 0.8), gaussian2(1, 1, 0.5, 0, 2)}, {0.1, 0.6, 0.3})};
    std::vector<std::int64_t> counts{400, 100, 250};
    std::vector<Batch> batches;
    Pool pool;

    ThreeBatches() {
        for (std::size_t t = 0; t < 3; ++t) {
            const PointSet points = PointSet::independent(counts[t], {11, static_cast<std::uint32_t>(t)});
            batches.push_back(draw_batch(evaluate, space, proposals[t], points, 0, counts[t]));
            std::vector<double> log_q;
            if (t > 0) log_q = pool.log_density_of(pool.relative(proposals[t]), proposals[t].alpha());
            pool.add(batches[t], proposals[t], std::move(log_q));
        }
    }
    long double density(std::size_t t, std::int64_t i) const {
        const long double a = pool.z()(i, 0), b = pool.z()(i, 1);
        long double q = proposals[t].alpha()[0] * std::exp(log_gaussian2(standard, a, b));
        for (std::size_t k = 0; k < proposals[t].components().size(); ++k)
            q += proposals[t].alpha()[k + 1] * std::exp(log_gaussian2(std::get<Gaussian>(proposals[t].components()[k]), a, b));
        return q;
    }
    long double h(std::int64_t i) const {
        long double sum = 0;
        for (std::size_t t = 0; t < 3; ++t) sum += static_cast<long double>(counts[t]) * density(t, i);
        return sum / 750;
    }
};

}  // namespace

TEST_CASE("after three batches log h is the log of the count-weighted mixture of all proposals, at old and new points") {
    const ThreeBatches b;
    REQUIRE(b.pool.n() == 750);
    REQUIRE(b.pool.log_h().size() == 750);
    const Matrix w = b.pool.weights(), q = b.pool.relative(b.proposals[2]);
    const auto log_q = b.pool.log_density_of(q, b.proposals[2].alpha());
    double worst = 0, worst_weight = 0, worst_q = 0;
    for (std::int64_t i = 0; i < 750; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const auto truth = static_cast<double>(std::log(b.h(i)));
        worst = std::max(worst, std::abs(b.pool.log_h()[at] - truth) / std::max(1.0, std::abs(truth)));
        const long double f = std::exp(log_gaussian2(standard, b.pool.z()(i, 0), b.pool.z()(i, 1)));
        const auto weight = static_cast<double>(f / b.h(i));
        worst_weight = std::max(worst_weight, std::abs(w(i, 0) - weight) / weight);
        const auto log_last = static_cast<double>(std::log(b.density(2, i)));
        worst_q = std::max(worst_q, std::abs(log_q[at] - log_last) / std::max(1.0, std::abs(log_last)));
        REQUIRE(q(i, 0) == doctest::Approx(w(i, 0)).epsilon(1e-14));   // one law: q_0 = f
    }
    CHECK(worst < 1e-12);          // a dozen roundings of numbers below 200
    CHECK(worst_weight < 1e-12);
    CHECK(worst_q < 1e-12);
}

TEST_CASE("weights f / h have mean 1, whatever was mixed") {
    const ThreeBatches b;
    const Matrix w = b.pool.weights();
    double sum = 0, squares = 0;
    for (const double v : w.data) sum += v, squares += v * v;
    const double mean = sum / 750;
    // fixed counts of each proposal only lower the variance below that of 750 points from h
    CHECK(std::abs(mean - 1) < 5 * std::sqrt((squares / 750 - mean * mean) / 750));
    CHECK(*std::ranges::max_element(w.data) < 750.0 / 400);   // q_0 holds more than half of h
}

TEST_CASE("the pool keeps rows in the order of the batches, and first() gives the first of them relative to any proposal") {
    const ThreeBatches b;
    std::int64_t row = 0;
    for (const Batch& batch : b.batches)
        for (std::int64_t i = 0; i < batch.n(); ++i, ++row)
            for (std::int64_t j = 0; j < 2; ++j) {
                REQUIRE(b.pool.z()(row, j) == batch.z(i, j));
                REQUIRE(b.pool.y()(row, j) == batch.y(i, j));
            }
    const Batch first = b.pool.first(450, b.proposals[2]);   // reaches into the second batch
    REQUIRE(first.n() == 450);
    REQUIRE(first.ratio.cols == 3);
    REQUIRE(first.log_q.size() == 450);
    for (std::int64_t i = 0; i < 450; ++i) {
        const Batch& batch = b.batches[i < 400 ? 0 : 1];
        const std::int64_t at = i < 400 ? i : i - 400;
        for (std::int64_t j = 0; j < 2; ++j) {
            REQUIRE(first.z(i, j) == batch.z(at, j));
            REQUIRE(first.y(i, j) == batch.y(at, j));
        }
        REQUIRE(first.f(i, 0) == batch.f(at, 0));
        REQUIRE(first.log_initial[static_cast<std::size_t>(i)] == batch.log_initial[static_cast<std::size_t>(at)]);
        const auto truth = static_cast<double>(std::log(b.density(2, i)));
        REQUIRE(std::abs(first.log_q[static_cast<std::size_t>(i)] - truth) < 1e-12 * std::max(1.0, std::abs(truth)));
        const auto ratio = static_cast<double>(std::exp(log_gaussian2(standard, first.z(i, 0), first.z(i, 1))) / b.density(2, i));
        REQUIRE(first.ratio(i, 0) == doctest::Approx(ratio).epsilon(1e-12));
    }
}

#include <buffon/diffusion/solvers/reverse_diffusion.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("reverse_diffusion: on VP one step is (2 - sqrt(1 - beta)) x + beta score + sqrt(beta) xi") {
    const Table table = reverse_diffusion(VP(), {.steps = 3});
    const double ratio = table.nodes.alpha[0] / table.nodes.alpha[1], beta = 1 - ratio * ratio;
    const double alpha = table.nodes.alpha[0], sigma = alpha * table.nodes.rho[0], next = table.nodes.alpha[1];
    const Row& row = table.rows[1];
    CHECK(row.terms[0].weight ==
          doctest::Approx(alpha / next * (2 - std::sqrt(1 - beta) - beta / (sigma * sigma))).epsilon(1e-10));
    CHECK(row.terms[1].weight == doctest::Approx(beta * alpha / (sigma * sigma) / next).epsilon(1e-12));
    CHECK(row.noise == doctest::Approx(std::sqrt(beta) / next).epsilon(1e-12));
    CHECK(table.rows.back().noise == 0.0);
}

TEST_CASE("reverse_diffusion: of weak order 1 from the noise end and from the middle") {
    CHECK(problems::observed_order([](std::int64_t n) { return reverse_diffusion(EDM(), {.steps = n}); }, 320) > 0.75);
    CHECK(problems::observed_order([](std::int64_t n) { return reverse_diffusion(VP(), {.steps = n}); }, 640) > 0.75);
    CHECK(problems::observed_order(
              [](std::int64_t n) { return reverse_diffusion(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}); },
              320) > 0.75);
}

TEST_CASE(
    "reverse_diffusion: a Langevin step is x + e score + sqrt(2 e) xi with the published e, by norms of the sample or "
    "of all") {
    const Schedule schedule = VP();
    const Matrix x = problems::starts(40, 16);
    SampleOptions options;
    options.x = x;
    options.rng = 6;
    options.record = 1;
    const ReverseDiffusionOptions one{.corrections = 1, .snr = 0.2};
    ReverseDiffusionOptions all = one;
    all.norms = Norms::batch;
    const Grid grid{.steps = 1, .t_end = 0.99};
    const Table own = reverse_diffusion(schedule, grid, one), pooled = reverse_diffusion(schedule, grid, all);
    CHECK(own.evaluations() == 2);
    CHECK(pooled.pooled());
    CHECK(!own.pooled());
    // the same by hand
    Matrix xi(40, 16), score(40, 16);
    buffon::Stream{6, 0x10001}.normal(0, xi);
    const double alpha = own.nodes.alpha[0], rho = own.nodes.rho[0], beta = 1 - std::pow(alpha / own.nodes.alpha[1], 2);
    Matrix v = x;
    for (double& number : v.data) number /= alpha;
    problems::g16().score(v, std::vector<double>{rho}, score);   // of v; that of x is 1 / alpha times it
    const auto norm = [](const Matrix& m, std::int64_t i) {
        double sum = 0.0;
        for (std::int64_t j = 0; j < m.cols; ++j) sum += m(i, j) * m(i, j);
        return std::sqrt(sum);
    };
    double mean_xi = 0.0, mean_score = 0.0;
    for (std::int64_t i = 0; i < 40; ++i) mean_xi += norm(xi, i) / 40, mean_score += norm(score, i) / alpha / 40;
    for (const Table& table : {own, pooled}) {
        Matrix corrected = x;
        for (std::int64_t i = 0; i < 40; ++i) {
            const double ratio = table.pooled() ? mean_xi / mean_score : norm(xi, i) / (norm(score, i) / alpha);
            const double e = 2 * (1 - beta) * std::pow(0.2 * ratio, 2);
            for (std::int64_t j = 0; j < 16; ++j) corrected(i, j) += e * score(i, j) / alpha + std::sqrt(2 * e) * xi(i, j);
        }
        const Matrix expected = problems::solve(problems::g16(), reverse_diffusion(schedule, grid), corrected),
                     got = sample(problems::g16(), table, options).x;
        for (std::size_t k = 0; k < got.data.size(); ++k)
            CHECK(got.data[k] == doctest::Approx(expected.data[k]).epsilon(1e-9).scale(1));
    }
    CHECK_THROWS_AS((void)reverse_diffusion(schedule, grid, {.corrections = -1}), std::invalid_argument);
    CHECK_THROWS_AS((void)reverse_diffusion(schedule, grid, {.snr = 0.0}), std::invalid_argument);
}

TEST_CASE("reverse_diffusion: with norms of its own a corrected sample is the same alone") {
    const Table table = reverse_diffusion(VE(), {.steps = 10}, {.corrections = 2});
    SampleOptions options;
    options.n = 200;
    options.rng = 8;
    const Matrix together = sample(problems::g2(), table, options).x;
    options.n = 3;
    const Matrix few = sample(problems::g2(), table, options).x;
    for (std::size_t k = 0; k < 6; ++k) CHECK(few.data[k] == together.data[k]);
    options.n = 200;
    options.batch = 7;
    CHECK(sample(problems::g2(), table, options).x.data == together.data);
}

#include <buffon/diffusion/ems.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("ems: Gaussian data: l is known, f does not vary, b is its derivative") {
    // data N(1.2, 0.3^2): D = (0.09 v + 1.2 rho^2) / (0.09 + rho^2), so l = rho^2 / (0.09 + rho^2) and f = -1.2 l
    const Schedule s = VP();
    const Ems e = ems(problems::g1(), s, {.n = 256, .nodes = 400, .rng = 3});
    CHECK(e.evaluations == 5 * 256 * 401);
    for (std::int64_t m = 20; m <= 380; ++m) {
        const double rho2 = std::exp(-2 * e.lambda[static_cast<std::size_t>(m)]), l = rho2 / (0.09 + rho2);
        CHECK(std::abs(e.l(m, 0) - l) < 1e-6);
        CHECK(e.s(m, 0) == 0);
        CHECK(std::abs(e.b(m, 0) - -1.2 * -2 * l * (1 - l)) < 1e-3);   // dl / dlambda = -2 l (1 - l), by differences of the table
        CHECK(e.l_error(m, 0) < 1e-6);
    }
}

TEST_CASE("ems: l of a mixture is 1 - E[Var(x0 | x)] / rho^2 within its error") {
    const GaussianMixture model = problems::g2();
    const Ems e = ems(model, VP(), {.n = 4096, .nodes = 8, .rng = 5});
    Matrix v(4096, 2), covariance(4096, 4);
    for (std::int64_t m = 0; m <= 8; ++m) {
        const double rho[] = {std::exp(-e.lambda[static_cast<std::size_t>(m)])};
        model.forward(rho, {99, 0}, 0, v);
        model.jacobian(v, rho, covariance);
        for (std::int64_t j = 0; j < 2; ++j) {
            double mean = 0, square = 0;
            for (std::int64_t i = 0; i < v.rows; ++i) mean += covariance(i, 3 * j) / 4096;
            for (std::int64_t i = 0; i < v.rows; ++i) square += std::pow(covariance(i, 3 * j) - mean, 2) / 4096;
            CHECK(std::abs(e.l(m, j) - (1 - mean)) < 5 * std::hypot(e.l_error(m, j), std::sqrt(square / 4096)) + 1e-6);
        }
    }
}

TEST_CASE("ems: coordinate by coordinate the diagonal of the Jacobian has no noise of its own") {
    const GaussianMixture model = problems::g16();
    const Ems exact = ems(model, VP(), {.n = 256, .nodes = 8, .probes = 0, .rng = 5}),
              random = ems(model, VP(), {.n = 256, .nodes = 8, .probes = 2, .rng = 5});
    CHECK(exact.evaluations == 35 * 256 * 9);
    CHECK(random.evaluations == 7 * 256 * 9);
    for (std::int64_t j = 0; j < 16; ++j) {
        CHECK(std::abs(exact.l(4, j) - random.l(4, j)) < 5 * std::hypot(exact.l_error(4, j), random.l_error(4, j)));
        CHECK(exact.l_error(4, j) < random.l_error(4, j));
    }
}

TEST_CASE("ems: standard errors are those of repetitions") {
    constexpr int repetitions = 60;
    const GaussianMixture model = problems::g2();
    double sum[3] = {}, square[3] = {}, stated[3] = {};
    for (int r = 0; r < repetitions; ++r) {
        const Ems e = ems(model, VP(), {.n = 512, .nodes = 16, .rng = 100 + r});
        const double values[] = {e.l(8, 0), e.s(8, 0), e.b(8, 0)}, errors[] = {e.l_error(8, 0), e.s_error(8, 0), e.b_error(8, 0)};
        for (int k = 0; k < 3; ++k) sum[k] += values[k], square[k] += values[k] * values[k], stated[k] += errors[k] * errors[k];
    }
    for (int k = 0; k < 3; ++k) {
        const double variance = (square[k] - sum[k] * sum[k] / repetitions) / (repetitions - 1);
        CHECK(stated[k] / repetitions / variance > 0.5);
        CHECK(stated[k] / repetitions / variance < 2);
    }
}

TEST_CASE("ems: of a class, or of each pair's own: the Jacobians of Gaussian classes are known") {
    // class k is N(0, s_k^2), whose output has derivative s_k^2 / (s_k^2 + rho^2)
    const GaussianMixture model({0.5, 0.5}, Matrix(2, 1), {Matrix(1, 1, 0.04), Matrix(1, 1, 1.0)}, {0, 1});
    std::vector<std::int64_t> mixed(300, 0);
    for (std::size_t i = 0; i < 75; ++i) mixed[4 * i] = 1;
    for (const auto& [condition, share] : {std::pair{OneOrMany<std::int64_t>{0}, 0.0}, {{1}, 1.0}, {mixed, 0.25}}) {
        const Ems e = ems(model, VP(), {.n = 300, .nodes = 8, .condition = condition, .rng = 2});
        for (std::int64_t m = 0; m <= 8; ++m) {
            const double rho2 = std::exp(-2 * e.lambda[static_cast<std::size_t>(m)]);
            CHECK(e.l(m, 0) == doctest::Approx(1 - share / (1 + rho2) - (1 - share) * 0.04 / (0.04 + rho2)).epsilon(1e-5));
        }
    }
    CHECK_THROWS_WITH(ems(model, VP(), {.n = 300, .condition = std::vector<std::int64_t>{0, 1}}),
                      "ems: condition must be one label or one per pair (300), got 2");
    CHECK_THROWS_WITH(ems(model, VP(), {.condition = 2}), "ems: condition must lie in 0 ... 1 (-1: none), got 2");
    CHECK_THROWS_WITH(ems(problems::g1(), VP(), {.condition = 1}),
                      "ems: condition must be None, GaussianMixture is unconditional");
}

TEST_CASE("ems: from given data; refuses what it cannot use") {
    const GaussianMixture model = problems::g2();
    const Denoiser blind{2, [&](const Query& q, buffon::View out) { model.denoise(q.x, q.sigma, out); }, {.name = "blind"}};
    CHECK_THROWS_WITH(ems(blind, VP()), "ems: data must be given, blind cannot draw them");
    Matrix data(256, 2);
    const double zero[] = {0.0};
    model.forward(zero, {7, 0}, 0, data);
    const Ems e = ems(blind, VP(), {.data = data, .nodes = 4, .rng = 1});
    CHECK(e.pairs == 256);
    CHECK(e.l(0, 0) == doctest::Approx(1).epsilon(1e-3));
    CHECK_THROWS_WITH(ems(model, VP(), {.n = 10}), "ems: n must be at least 64, got 10");
    CHECK_THROWS_WITH(ems(model, VP(), {.nodes = 1}), "ems: nodes must be at least 2, got 1");
    CHECK_THROWS_WITH(ems(model, VP(), {.data = Matrix(100, 3)}), "ems: data must have shape (n, 2), got (100, 3)");
}

#include <buffon/diffusion/gaussian_law.hpp>

#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("gaussian law: the affine result of a deterministic table is what sampling gives, point by point") {
    const Table table = dpmpp(VP(), {.steps = 9}, {.order = 3});
    const AffineValue result = result_on_gaussian(table, 1.2, 0.3);
    const double alpha = table.nodes.alpha.front(), spread = alpha * std::hypot(0.3, table.rho_start());
    Matrix x(5, 1);
    for (int i = 0; i < 5; ++i) x(i, 0) = alpha * 1.2 + spread * (i - 2);
    const Matrix solved = problems::solve(problems::g1(), table, x);
    for (int i = 0; i < 5; ++i) CHECK(solved(i, 0) == doctest::Approx(result.constant + result.start * (i - 2)).epsilon(1e-12));
    CHECK(result.noise.empty());
}

TEST_CASE("gaussian law: of a random table mean and variance are those of 100,000 samples") {
    const Table table = ddim(VP(), {.steps = 6}, {.eta = 1.0});
    const AffineValue result = result_on_gaussian(table, 1.2, 0.3);
    CHECK(result.noise.size() == 5);   // none in the last step
    SampleOptions options;
    options.n = 100'000;
    options.rng = 11;
    const Matrix x = sample(problems::g1(), table, options).x;
    double mean = 0.0, square = 0.0;
    for (const double v : x.data) mean += v / 1e5;
    for (const double v : x.data) square += (v - mean) * (v - mean) / 1e5;
    // 5 standard errors; the prior N(0, 1) is the exact start up to 1e-4
    CHECK(std::abs(mean - result.constant) < 5 * std::sqrt(result.variance() / 1e5) + 1e-3);
    CHECK(std::abs(square / result.variance() - 1) < 5 * std::sqrt(2 / 1e5) + 1e-3);
}

TEST_CASE("gaussian law: point masses are reached by every step to sigma = 0") {
    const AffineValue result = result_on_gaussian(ddim(VP(), {.steps = 3, .to_zero = true}), -0.7, 0.0);
    CHECK(result.constant == doctest::Approx(-0.7).epsilon(1e-14));
    CHECK(result.start == 0.0);
    CHECK_THROWS_AS((void)result_on_gaussian(ddim(VP(), {.steps = 3}), 0.0, -1.0), std::invalid_argument);
}

TEST_CASE("gaussian law: DDIM's errors of the variance are those of an independent recursion") {   // relative, N = 10 ... 160
    int steps = 10;
    for (const double known : {0.38, 0.21, 0.11, 0.058, 0.029}) {
        const Table table = ddim(VP(), {.steps = steps});
        const double ratio = result_on_gaussian(table, 1.2, 0.3).variance() / flow_on_gaussian(table, 1.2, 0.3).variance();
        CHECK(std::abs(std::abs(ratio - 1) / known - 1) < 0.03);   // two digits are known
        steps *= 2;
    }
}

#include <buffon/diffusion/solvers/pndm.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("pndm: one evaluation more than steps, none with the multistep warm-up") {
    CHECK(pndm(VP(), {.steps = 10}).evaluations() == 11);
    CHECK(pndm(VP(), {.steps = 10}, {.warmup = Warmup::multistep}).evaluations() == 10);
}

TEST_CASE("pndm: the transfer of the paper, in its cancellation-free form, is a step along the noise prediction") {
    const Table table = pndm(VP(), {.steps = 5}, {.warmup = Warmup::multistep});
    const GaussianMixture model = problems::g2();
    const Matrix start = problems::starts(8, 2);
    Matrix x = start, before;
    for (std::size_t i = 0; i < 5; ++i) {
        const double a = std::pow(table.nodes.alpha[i], 2), b = std::pow(table.nodes.alpha[i + 1], 2);
        Matrix v = x, e(8, 2);
        for (double& number : v.data) number /= std::sqrt(a);
        const double rho[] = {table.nodes.rho[i]};
        model.denoise(v, rho, e);
        for (std::size_t k = 0; k < 16; ++k) e.data[k] = (v.data[k] - e.data[k]) / rho[0];
        for (std::size_t k = 0; k < 16; ++k) {
            const double noise = i == 0 ? e.data[k] : (3 * e.data[k] - before.data[k]) / 2;
            x.data[k] += (b - a) * (x.data[k] / (std::sqrt(a) * (std::sqrt(a) + std::sqrt(b))) -
                                    noise / (std::sqrt(a) * (std::sqrt((1 - b) * a) + std::sqrt((1 - a) * b))));
        }
        before = e;
    }
    const Matrix solved = problems::solve(model, table, start);
    for (std::size_t k = 0; k < 16; ++k) CHECK(solved.data[k] == doctest::Approx(x.data[k]).epsilon(1e-11).scale(1));
}

TEST_CASE("pndm: of order 2 from the noise end and from the middle") {
    for (const Warmup warmup : {Warmup::runge_kutta, Warmup::multistep}) {
        CHECK(problems::observed_order([&](std::int64_t n) { return pndm(VP(), {.steps = n}, {.warmup = warmup}); }, 160) > 1.75);
        CHECK(problems::observed_order(
                  [&](std::int64_t n) {
                      return pndm(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}, {.warmup = warmup});
                  },
                  320) > 1.75);
    }
}

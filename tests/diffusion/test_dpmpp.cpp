#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace buffon::diffusion;

TEST_CASE("dpmpp: multistep of order 2 has the weights of the paper's algorithm 2") {
    // x' = (sigma_t / sigma_s) x - alpha_t (e^-h - 1) ((1 + 1/(2r)) D_i - 1/(2r) D_before) with r = h_before / h; here
    // in x / alpha
    const Table table = dpmpp(VP(), {.steps = 12, .grid = GridKind::time});
    const auto& lambda = table.nodes.lambda;
    for (std::size_t i = 1; i < 12; ++i) {
        const double h = lambda[i + 1] - lambda[i], r = (lambda[i] - lambda[i - 1]) / h, share = -std::expm1(-h);
        const Row& row = table.rows[2 * i + 1];
        const auto weight = [&](std::size_t value) {
            for (const Term& term : row.terms)
                if (term.value == static_cast<int>(value)) return term.weight;
            return 0.0;
        };
        CHECK(std::abs(weight(2 * i + 1) / std::exp(-h) - 1) < 1e-12);
        CHECK(std::abs(weight(2 * i + 2) / (share * (1 + 1 / (2 * r))) - 1) < 1e-12);
        CHECK(std::abs(weight(2 * i) / (-share / (2 * r)) - 1) < 1e-12);
    }
}

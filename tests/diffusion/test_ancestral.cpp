#include <buffon/diffusion/solvers/ancestral.hpp>

#include <buffon/diffusion/gaussian_law.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;

TEST_CASE("ancestral: DDIM with the same eta but for the last step, which adds noise unless it reaches sigma = 0") {
    for (const double eta : {0.0, 0.5, 1.0}) {
        const Table a = ancestral(EDM(), {.steps = 7}, {.eta = eta}), b = ddim(EDM(), {.steps = 7}, {.eta = eta});
        for (std::size_t i = 0; i + 1 < a.rows.size(); ++i) {
            CHECK(a.rows[i].noise == doctest::Approx(b.rows[i].noise).epsilon(1e-14));
            for (std::size_t k = 0; k < a.rows[i].terms.size(); ++k)
                CHECK(a.rows[i].terms[k].weight == doctest::Approx(b.rows[i].terms[k].weight).epsilon(1e-14));
        }
        CHECK((a.rows.back().noise > 0) == (eta > 0));
        CHECK(ancestral(EDM(), {.steps = 7, .to_zero = true}, {.eta = eta}).rows.back().noise == 0.0);
    }
}

TEST_CASE("ancestral: more noise than a level holds is cut to it, and s_noise scales it") {
    const Table cut = ancestral(EDM(), {.steps = 4}, {.eta = 50.0});
    CHECK(cut.rows[1].noise == cut.nodes.rho[1]);
    CHECK(cut.violation() < 1e-14);
    const Table more = ancestral(EDM(), {.steps = 4}, {.s_noise = 1.1}), one = ancestral(EDM(), {.steps = 4});
    CHECK(more.rows[1].noise == doctest::Approx(1.1 * one.rows[1].noise).epsilon(1e-14));
    CHECK(more.promise == Promise::weights);
}

TEST_CASE("ancestral: variance errors on Gaussian data are those measured elsewhere") {
    const std::vector<int> steps{10, 20, 40, 80, 160};
    const std::vector<double> known{0.56, 0.36, 0.21, 0.11, 0.058};
    for (std::size_t k = 0; k < steps.size(); ++k) {
        const Table table = ancestral(VP(), {.steps = steps[k]});
        const double error =
            std::abs(result_on_gaussian(table, 1.2, 0.3).variance() / flow_on_gaussian(table, 1.2, 0.3).variance() - 1);
        CHECK(std::abs(error / known[k] - 1) <= 0.03);   // two digits
    }
    CHECK(problems::observed_order(
              [](std::int64_t n) { return ancestral(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}); }, 320) > 0.75);
}

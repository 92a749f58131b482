#include <buffon/diffusion/solvers/posterior_mr.hpp>

#include <buffon/diffusion/solvers/ddim.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("posterior_mr: one step is the formula of the paper in x, mu and D") {
    const MeanReverting s(0.4);
    const Table table = posterior_mr(s, {.grid = std::vector{0.6, 0.3}});
    const double B = s.alpha(0.6), C = s.alpha(0.3), A = B / C, mu = 0.7, x = -0.2, xi = 1.1;
    // one number D whatever x is: the denoiser of a constant
    const double D = 0.3, state = (x - (1 - B) * mu) / B;
    const double v = table.rows[1].terms[0].weight * state + table.rows[1].terms[1].weight * D + table.rows[1].noise * xi;
    const double known = mu + A * (1 - C * C) / (1 - B * B) * (x - mu) + C * (1 - A * A) / (1 - B * B) * (D - mu) +
                         s.sinf() * std::sqrt((1 - A * A) * (1 - C * C) / (1 - B * B)) * xi;
    CHECK(C * v + (1 - C) * mu == doctest::Approx(known).epsilon(1e-13));
}

TEST_CASE("posterior_mr: it is DDIM with eta = 1 but for the noise of the last step") {
    const Table a = posterior_mr(MeanReverting(0.4), {.steps = 9}), b = ddim(MeanReverting(0.4), {.steps = 9}, {.eta = 1.0});
    for (std::size_t i = 0; i + 1 < a.rows.size(); ++i) {
        CHECK(a.rows[i].noise == doctest::Approx(b.rows[i].noise).epsilon(2e-13));
        for (std::size_t k = 0; k < a.rows[i].terms.size(); ++k)
            CHECK(a.rows[i].terms[k].weight == doctest::Approx(b.rows[i].terms[k].weight).epsilon(2e-13));
    }
    CHECK(a.rows.back().noise > 0);
}

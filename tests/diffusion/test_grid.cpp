#include <buffon/diffusion/grid.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("grid: nodes carry what the schedule says of their times") {
    const Schedule s = VP();
    const Nodes n = nodes(s, {.steps = 7, .grid = GridKind::time});
    CHECK(n.steps() == 7);
    CHECK(n.t.front() == s.t_start());
    CHECK(n.t.back() == s.t_end());
    for (std::size_t i = 0; i < n.t.size(); ++i) {
        CHECK(n.alpha[i] == s.alpha(n.t[i]));
        CHECK(n.lambda[i] == s.lambda(n.t[i]));
        CHECK(n.rho[i] == doctest::Approx(s.sigma(n.t[i]) / s.alpha(n.t[i])).epsilon(1e-13));
    }
}

TEST_CASE("grid: the last of the steps goes to sigma = 0 where asked") {
    const Nodes n = nodes(EDM(), {.steps = 4, .grid = GridKind::rho, .to_zero = true});
    CHECK(n.steps() == 4);
    CHECK(n.rho.back() == 0);
    CHECK(std::isinf(n.lambda.back()));
    CHECK(n.t[3] == EDM().t_end());
    // Karras et al. 2022, eq. (5) with N = 4 levels
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(n.rho[i] == doctest::Approx(std::pow(std::pow(80.0, 1 / 7.0) +
                                                       static_cast<double>(i) / 3 *
                                                           (std::pow(0.002, 1 / 7.0) - std::pow(80.0, 1 / 7.0)),
                                                   7))
                              .epsilon(1e-12));
    CHECK(nodes(EDM(), {.steps = 1, .to_zero = true}).rho == std::vector{80.0, 0.0});
}

TEST_CASE("grid: other ends") {
    const Nodes n = nodes(VP(), {.steps = 3, .t_end = 1e-4, .t_start = 0.5});
    CHECK(n.t.front() == 0.5);
    CHECK(n.t.back() == 1e-4);
    CHECK(n.lambda[1] - n.lambda[0] == doctest::Approx(n.lambda[2] - n.lambda[1]).epsilon(1e-12));
}

TEST_CASE("grid: rho and power take their power") {
    const Nodes n = nodes(VE(), {.steps = 2, .grid = GridKind::rho, .power = 3});
    CHECK(n.rho[1] == doctest::Approx(std::pow(0.5 * (std::cbrt(50.0) + std::cbrt(0.01)), 3)).epsilon(1e-13));
    CHECK(nodes(VP(), {.steps = 3, .grid = GridKind::power, .power = 2}).t ==
          nodes(VP(), {.steps = 3, .grid = GridKind::quadratic}).t);
}

TEST_CASE("grid: own times, sigma = 0 among them") {
    const Nodes n = nodes(EDM(), {.grid = std::vector{10.0, 3.0, 0.5, 0.0}});
    CHECK(n.rho == std::vector{10.0, 3.0, 0.5, 0.0});
}

TEST_CASE("grid: refuses what is not a way from noise to data") {
    CHECK_THROWS_WITH(nodes(VP(), {}), "grid: steps must be given, or grid as an array of times");
    CHECK_THROWS_WITH(nodes(VP(), {.steps = 0}), "grid: steps must be at least 1, got 0");
    CHECK_THROWS_WITH(nodes(VP(), {.grid = std::vector{0.5, 0.5, 0.1}}),
                      "grid: times must decrease to less noise, got 0.5 after 0.5");
    CHECK_THROWS_WITH(nodes(VP(), {.steps = 3, .grid = std::vector{0.5, 0.1}}),
                      "grid: an array for 3 steps must hold 4 times, got 2");
    CHECK_THROWS_WITH(nodes(VP(), {.grid = std::vector{0.5, 0.1}, .t_end = 0.2}),
                      "grid: t_start and t_end have no meaning where grid is an array");
    CHECK_THROWS_WITH(nodes(VP(), {.steps = 3, .t_start = 1e-4}), doctest::Contains("t_start must be above t_end"));
    CHECK_THROWS_AS(nodes(VP(), {.grid = std::vector{1.5, 0.1}}), std::invalid_argument);
}

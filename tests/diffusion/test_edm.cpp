#include <buffon/diffusion/schedules/edm.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <buffon/diffusion/schedule.hpp>

#include "../refusal.hpp"

using namespace buffon::diffusion;

TEST_CASE("edm: grids of kind rho are the published nodes") {   // Karras et al. 2022, eq. (5)
    const std::vector<double> t = Schedule(EDM()).grid(17, GridKind::rho);
    const double a = std::pow(80.0, 1.0 / 7), b = std::pow(0.002, 1.0 / 7);
    for (int i = 0; i < 18; ++i) CHECK(t[i] == doctest::Approx(std::pow(a + i / 17.0 * (b - a), 7)).epsilon(1e-13));
}

TEST_CASE("edm: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { EDM(2.0, 2.0); }) == "EDM: smax must be finite and above smin = 2, got 2");
}

TEST_CASE("edm: its formula shows its numbers") {
    CHECK(EDM().formula() == "alpha(t) = 1, sigma(t) = t, 0 <= t <= 80");
}

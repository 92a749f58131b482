#include <buffon/diffusion/schedules/ve.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon::diffusion;

TEST_CASE("ve: it reaches both of its levels to the bit") {
    CHECK(VE(0.01, 348.0).sigma(0) == 0.01);
    CHECK(VE(0.01, 348.0).sigma(1) == 348.0);
    CHECK(VE(0.01, 50.0).sigma(0.5) == doctest::Approx(std::sqrt(0.01 * 50)).epsilon(1e-15));
}

TEST_CASE("ve: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { VE(-1.0, 1.0); }) == "VE: smin must be positive and finite, got -1");
}

TEST_CASE("ve: its formula shows its numbers") {
    CHECK(VE().formula() == "alpha(t) = 1, sigma(t) = 0.01^(1 - t) * 50^t, 0 <= t <= 1");
}

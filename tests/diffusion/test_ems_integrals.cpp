#include <buffon/diffusion/ems_integrals.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("ems_integrals: constant statistics, closed forms at nodes and between them") {
    const double l = 0.75, s = -0.5, b = 0.25;
    const EmsIntegrals integrals(Ems::constant(-4, 3, l, s, b, 7000), 0);
    for (const double lambda : {-4.0, -3.0, 0.0, 1.23456, 3.0}) {
        const double x = lambda + 4, a = l + s;
        const EmsAt at = integrals.at(lambda);
        CHECK(at.l == doctest::Approx(l));
        CHECK(static_cast<double>(at.L) == doctest::Approx(l * x).epsilon(1e-12));
        CHECK(static_cast<double>(at.S) == doctest::Approx(s * x).epsilon(1e-12));
        CHECK(static_cast<double>(at.I) == doctest::Approx(std::expm1(a * x) / a).epsilon(1e-12));
        CHECK(static_cast<double>(at.J) == doctest::Approx(static_cast<double>(at.I)).epsilon(1e-6));
        CHECK(static_cast<double>(at.B) == doctest::Approx(b * std::expm1(-s * x) / -s).epsilon(1e-6));
        // e^(a u) b (e^(-s u) - 1) / -s integrated
        CHECK(static_cast<double>(at.C) ==
              doctest::Approx(b / -s * (std::expm1((a - s) * x) / (a - s) - std::expm1(a * x) / a)).epsilon(1e-6));
    }
    const EmsAt from = integrals.at(-1.5), to = integrals.at(0.25);
    const double h = 1.75, a = l + s, E = std::exp(a * h);
    CHECK(integrals.moment(from, to, 0) == doctest::Approx((E - 1) / a).epsilon(1e-6));
    CHECK(integrals.moment(from, to, 1) == doctest::Approx((h * E - (E - 1) / a) / a).epsilon(1e-6));
    const EmsIntegrals few(Ems::constant(-4, 3, l, s, b, 14), 0, true);   // two intervals and parts of two
    const auto relative = [&](int k, double wanted) { return std::abs(few.moment(few.at(-1.6), few.at(0.15), k) / wanted - 1); };
    CHECK(relative(1, (h * E - (E - 1) / a) / a) < 1e-12);
    CHECK(relative(2, (h * h / 2 * E - (h * E - (E - 1) / a) / a) / a) < 1e-12);
    CHECK_THROWS_AS(integrals.at(3.1), std::invalid_argument);
    CHECK_THROWS_AS(integrals.at(-4.1), std::invalid_argument);
}

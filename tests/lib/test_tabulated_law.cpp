#include <buffon/tabulated_law.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

/// Largest error of the values and of the slopes (the density of draws, relative) for scores within 8.
template <class Exact>
void check_against(const TabulatedLaw& law, const Exact& exact, double tolerance, double slope_tolerance) {
    for (double z = -8; z <= 8; z += 0.0137) {
        CAPTURE(z);
        CHECK(std::abs(law.at_score(z) - exact(z)) <= tolerance);
        const double h = 1e-4, slope = (law.at_score(z + h) - law.at_score(z - h)) / (exact(z + h) - exact(z - h));
        CHECK(std::abs(slope - 1) <= slope_tolerance);
    }
}

}  // namespace

TEST_CASE("the quantiles of a normal law are its scores, those of a logistic law their logits") {
    check_against(TabulatedLaw([](double s) { return -0.5 * s * s; }, 0.0), [](double z) { return z; }, 1e-7, 1e-6);
    check_against(
        TabulatedLaw([](double s) { return -2 * std::log(std::cosh(0.5 * s)); }, 0.3),
        [](double z) { return std::copysign(std::log1p(-normal_cdf(-std::abs(z))) - normal_log_cdf(-std::abs(z)), z); },
        1e-7, 1e-5);
}

TEST_CASE("quantiles ascend, also of a skew law, and end where the table does") {
    const TabulatedLaw law([](double l) { return 3 * (l - std::exp(l)); }, 0.0);   // of log(X / 3) for a Gamma law of shape 3
    double before = law.at_score(-100.0);
    for (double z = -12; z <= 12; z += 0.01) {
        CHECK(law.at_score(z) >= before);
        before = law.at_score(z);
    }
    CHECK(law.at_score(100.0) == before);
    // median of a Gamma law of shape 3: 2.674060314...
    CHECK(std::abs(3 * std::exp(law.at_score(0.0)) - 2.6740603137235600) < 1e-7);
}

#include <buffon/kept_share.hpp>

#include <cmath>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("kept_share: nothing below a tenth of the cut, half at it, all above ten times it, and no step between") {
    constexpr double cut = 1e-2, middle = cut * cut;
    CHECK(kept_share(0.0999 * middle, cut) == 0);
    CHECK(kept_share(middle, cut) == doctest::Approx(0.5).epsilon(1e-12));
    CHECK(kept_share(10.01 * middle, cut) == 1);
    CHECK(kept_share(1, cut) == 1);
    for (double u = 0.05; u < 20; u *= 1.01) {
        const double step = kept_share(1.01 * u * middle, cut) - kept_share(u * middle, cut);
        CHECK(step >= 0);
        CHECK(step < 0.01);
        CHECK(kept_share(u * middle, cut) + kept_share(middle / u, cut) == doctest::Approx(1).epsilon(1e-9));
    }
}

TEST_CASE("kept_share: without a cut only rounding goes") {
    for (const double cut : {0.0, 1e-8}) {
        CHECK(kept_share(1e-15, cut) == 0);
        CHECK(kept_share(1e-13, cut) == 1);
    }
}

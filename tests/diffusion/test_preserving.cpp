#include <buffon/diffusion/schedules/preserving.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("preserving: lambda and log alpha are inverse to each other, far into both ends") {
    for (const double lambda : {-700.0, -20.0, -5.0, -1e-3, 0.0, 1.0, 9.0, 30.0}) {
        const double a = detail::log_alpha_of(lambda);
        CHECK(std::abs(detail::lambda_of(a) - lambda) <= 1e-14 * std::max(1.0, std::abs(lambda)));
    }
}

TEST_CASE("preserving: sigma keeps its digits where alpha rounds to 1") {
    CHECK(std::abs(detail::sigma_of(-1e-30) / std::sqrt(2e-30) - 1) < 1e-15);
    CHECK(detail::lambda_of(-1e-30) == doctest::Approx(-0.5 * std::log(2e-30)).epsilon(1e-15));
    CHECK(detail::log_alpha_of(400) == doctest::Approx(0.0).epsilon(1e-300));
    CHECK(std::abs(detail::log_alpha_of(18) / (-0.5 * std::exp(-36.0)) - 1) < 1e-14);
}

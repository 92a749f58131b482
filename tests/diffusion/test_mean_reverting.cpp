#include <buffon/diffusion/schedules/mean_reverting.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon::diffusion;

TEST_CASE("mean_reverting: it meets its published ends") {   // alpha = 0.005 and F = 1e-3 with sinf = 0.5
    for (const Theta theta : {Theta::cosine, Theta::constant}) {
        const MeanReverting s(0.5, 0.005, 1e-3, theta);
        CHECK(s.alpha(1) == doctest::Approx(0.005).epsilon(1e-14).scale(0));
        CHECK(-s.log_alpha(s.t_end()) == doctest::Approx(1e-3).epsilon(1e-14).scale(0));
        CHECK(s.lambda(1) == doctest::Approx(-4.605).epsilon(1e-4));
        CHECK(s.lambda(s.t_end()) == doctest::Approx(3.800).epsilon(1e-4));
    }
}

TEST_CASE("mean_reverting: sigma is sinf sqrt(1 - alpha^2)") {
    for (const Theta theta : {Theta::cosine, Theta::constant})
        for (const double t : {0.1, 0.5, 1.0}) {
            const MeanReverting s(0.3, 0.005, 1e-3, theta);
            CHECK(s.sigma(t) == doctest::Approx(0.3 * std::sqrt(1 - s.alpha(t) * s.alpha(t))).epsilon(1e-12));
        }
}

TEST_CASE("mean_reverting: the rate has its shape, and the diffusion is 2 sinf^2 of it") {
    const double right = std::acos(-1.0) / 2;
    const MeanReverting cosine(0.3), constant(0.3, 0.005, 1e-3, Theta::constant);
    const auto rate = [](const MeanReverting& s, double t, double h) {
        return (s.log_alpha(t - h) - s.log_alpha(t + h)) / (2 * h);
    };
    const auto shape = [&](double t) {
        return 1 - std::pow(std::cos(right * (t + 0.008) / 1.008) / std::cos(right * 0.008 / 1.008), 2);
    };
    for (const double t : {0.02, 0.3, 0.9}) {
        const double h = 1e-4 * t;
        CHECK(rate(cosine, t, h) / shape(t) == doctest::Approx(rate(cosine, 0.6, 1e-4) / shape(0.6)).epsilon(1e-6));
        CHECK(rate(constant, t, h) == doctest::Approx(-std::log(0.005)).epsilon(1e-9));
        for (const MeanReverting& s : {cosine, constant}) {
            const double g2 = -2 * s.sigma(t) * s.sigma(t) * (s.lambda(t + h) - s.lambda(t - h)) / (2 * h);
            CHECK(g2 == doctest::Approx(2 * 0.09 * rate(s, t, h)).epsilon(1e-6));
        }
    }
}

// theta summed at 100 and 10,000 levels: the error falls as 1 / levels
TEST_CASE("mean_reverting: it is the limit of discrete levels") {
    const MeanReverting s(0.3);
    const auto discrete = [](int levels, double t) {
        const double right = std::acos(-1.0) / 2;
        double part = 0, sum = 0;
        for (int n = 1; n <= levels; ++n) {
            sum += 1 - std::pow(std::cos(right * (n / double(levels) + 0.008) / 1.008) / std::cos(right * 0.008 / 1.008), 2);
            if (n == std::lround(t * levels)) part = sum;
        }
        return std::log(0.005) * part / sum;
    };
    for (const double t : {0.2, 0.5, 0.8}) {
        CHECK(std::abs(discrete(100, t) - s.log_alpha(t)) < 0.05);
        CHECK(std::abs(discrete(10'000, t) - s.log_alpha(t)) < 0.0005);
    }
}

TEST_CASE("mean_reverting: t_of_lambda inverts lambda to 1e-13 at both ends") {
    for (const Theta theta : {Theta::cosine, Theta::constant}) {
        const MeanReverting s(0.2, 0.005, 1e-3, theta);
        for (const double t : {1e-12, 1e-6, 1e-3, 0.02, 0.3, 0.99, 0.999999, 1.0}) {
            CAPTURE(t);
            CHECK(std::abs(s.t_of_lambda(s.lambda(t)) - t) <= 1e-13 * t);
        }
        CHECK(s.lambda(0) == INFINITY);
        CHECK(s.t_of_lambda(INFINITY) == 0);
    }
}

TEST_CASE("mean_reverting: near the data F is its first terms, to 1e-13") {   // rate (k d^2 + (1 - k^2) d^3 / 3 - k d^4 / 3)
    const double u = std::acos(-1.0) / 2 / 1.008, k = std::tan(0.008 * u);
    const MeanReverting s(0.3);
    const auto first = [&](double t) {
        const double d = u * t;
        return k * d * d + (1 - k * k) * d * d * d / 3 - k * d * d * d * d / 3;
    };
    for (const double t : {1e-4, 1e-6, 1e-9})   // the next term is d^3 / (15 k), 5e-12 of it at 1e-4
        CHECK(s.log_alpha(t) / s.log_alpha(1e-5) == doctest::Approx(first(t) / first(1e-5)).epsilon(t > 1e-5 ? 1e-10 : 1e-13));
}

TEST_CASE("mean_reverting: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { MeanReverting(0.0); }) == "MeanReverting: sinf must be positive and finite, got 0");
    CHECK(message([] { MeanReverting(1.0, 1.0); }) == "MeanReverting: alpha_start must lie in (0, 1), got 1");
    CHECK(message([] { MeanReverting(1.0, 0.5, 0.7); }) ==
          "MeanReverting: F_end must lie in (0, -log(alpha_start) = 0.693147), got 0.7");
    CHECK(message([] { MeanReverting(0.5).alpha(1.1); }) == "MeanReverting.alpha: t must lie in [0, 1], got 1.1");
    CHECK(message([] { MeanReverting(0.5).t_of_lambda(-4.7); }) ==
          "MeanReverting.t_of_lambda: lambda must belong to a time in [0, 1], got -4.7");
    CHECK(message([] { MeanReverting(0.5).t_of_lambda(-900); }) ==
          "MeanReverting.t_of_lambda: lambda must belong to a time in [0, 1], got -900");
}

TEST_CASE("mean_reverting: its formula shows its numbers") {
    CHECK(MeanReverting(0.5, 0.005, 1e-3, Theta::constant).formula() ==
          "x - mu: log alpha(t) = -5.29832 t, sigma(t)^2 = 0.5^2 (1 - alpha(t)^2), 0 <= t <= 1");
}

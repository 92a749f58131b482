#include <buffon/diffusion/schedules/discrete.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <cstdint>
#include <vector>

#include <buffon/diffusion/schedule.hpp>

#include "../refusal.hpp"

using namespace buffon::diffusion;

TEST_CASE("discrete: alpha at a level is the product of what is kept of the variance") {
    const std::vector<double> betas{0.1, 0.2, 0.05, 0.4};
    const Discrete s(betas);
    double product = 1;
    for (int n = 0; n < 4; ++n) {
        product *= 1 - betas[n];
        CHECK(s.time(n) == (n + 1) / 4.0);
        CHECK(s.alpha(s.time(n)) == doctest::Approx(std::sqrt(product)).epsilon(1e-15));
        CHECK(s.sigma(s.time(n)) == doctest::Approx(std::sqrt(1 - product)).epsilon(1e-14));
    }
    CHECK(s.t_start() == 1.0);
    CHECK(s.t_end() == 0.25);
    CHECK(s.kept() == 4);
}

TEST_CASE("discrete: log alpha is linear between levels, and below the first with the same slope") {
    const Discrete s({0.1, 0.2, 0.05, 0.4});
    for (int n = 0; n < 3; ++n)
        for (const double u : {0.25, 0.5})
            CHECK(s.log_alpha(s.time(n) + 0.25 * u) ==
                  doctest::Approx((1 - u) * s.log_alpha(s.time(n)) + u * s.log_alpha(s.time(n + 1))).epsilon(1e-14));
    CHECK(s.log_alpha(0.2) == doctest::Approx(1.2 * s.log_alpha(0.25) - 0.2 * s.log_alpha(0.5)).epsilon(1e-14));
    // slope: log(1 - 0.2) / 2 a level
    CHECK(s.t_zero() == doctest::Approx(0.25 * (1 + std::log(0.9) / -std::log(0.8))).epsilon(1e-14));
    CHECK(std::abs(s.log_alpha(s.t_zero())) < 1e-16);
}

TEST_CASE("discrete: the usual betas") {
    const Discrete linear = Discrete::linear(), scaled = Discrete::scaled_linear(), cosine = Discrete::cosine();
    CHECK(linear.betas().front() == 1e-4);
    CHECK(linear.betas().back() == 0.02);
    CHECK(linear.betas()[500] == doctest::Approx(1e-4 + 0.0199 * 500 / 999).epsilon(1e-15).scale(0));
    CHECK(scaled.betas().front() == doctest::Approx(0.00085).epsilon(1e-15).scale(0));
    const double low = std::sqrt(0.00085), high = std::sqrt(0.012);
    CHECK(std::sqrt(scaled.betas()[333]) == doctest::Approx(low + (high - low) / 3).epsilon(1e-14));
    CHECK(linear.kept() == 1000);
    CHECK(scaled.kept() == 1000);
    CHECK(cosine.betas().back() == 0.999);
    // of level n: alpha(t)^2 of the continuous cosine at t = (n + 1) / N, until the cap
    for (const int n : {0, 10, 500, 900}) {
        const auto f = [](double t) { return std::cos(std::acos(-1.0) / 2 * (t + 0.008) / 1.008); };
        CHECK(cosine.alpha(cosine.time(n)) == doctest::Approx(f((n + 1) / 1000.0) / f(0)).epsilon(1e-12));
    }
}

TEST_CASE("discrete: trailing levels without signal are left out, and times stay") {
    const Discrete s = Discrete::cosine();
    CHECK(s.levels() == 1000);
    CHECK(s.kept() < 1000);
    CHECK(s.t_start() == s.kept() / 1000.0);
    CHECK(s.lambda(s.t_start()) >= -5.1);
    double log_alpha = 0;   // of the first that was left out
    for (std::int64_t n = 0; n <= s.kept(); ++n) log_alpha += 0.5 * std::log1p(-s.betas()[static_cast<std::size_t>(n)]);
    CHECK(log_alpha - 0.5 * std::log1p(-std::exp(2 * log_alpha)) < -5.1);
}

TEST_CASE("discrete: its ends are those of the continuous linear schedule, nearly") {   // beta(t) = 1000 beta_n
    CHECK(Discrete::linear().lambda(1.0) == doctest::Approx(VP().lambda(1.0)).epsilon(0.01));
    CHECK(Discrete::linear().lambda(0.001) == doctest::Approx(-0.5 * std::log(1e-4 / (1 - 1e-4))).epsilon(1e-12));
}

TEST_CASE("discrete: t_of_lambda inverts lambda to 1e-12 at both ends, at levels and between") {
    for (const Discrete& s : {Discrete::linear(), Discrete::scaled_linear(), Discrete::cosine(), Discrete({0.3, 0.1})})
        for (int i = 0; i <= 5000; ++i) {
            const double t = std::min(s.t_start(), s.t_zero() + 1e-9 + (s.t_start() - s.t_zero() - 1e-9) * (i / 5000.0));
            CHECK(std::abs(s.t_of_lambda(s.lambda(t)) - t) <= 1e-12 * t + 1e-15);   // of a level's width
        }
}

// 0, 99.9 -> 100, 199.8 -> 200, ..., 499.5 -> 500 (even)
TEST_CASE("discrete: a grid of kind index has rounded, equidistant levels") {
    const Schedule s = Discrete::linear();
    const std::vector<double> t = s.grid(10, GridKind::index);
    const int levels[] = {999, 899, 799, 699, 599, 500, 400, 300, 200, 100, 0};
    REQUIRE(t.size() == 11);
    for (int i = 0; i <= 10; ++i) CHECK(t[i] == (levels[i] + 1) / 1000.0);
    CHECK(s.grid(2, GridKind::index)[1] == 0.501);
    CHECK(s.grid(6, GridKind::index)[1] == 0.833);   // 832.5 -> 832
    const Schedule capped = Discrete::cosine();
    CHECK(capped.grid(5, GridKind::index).front() == capped.t_start());
    CHECK(Schedule(Discrete({0.1, 0.2, 0.3})).grid(2, GridKind::index)[1] == 2 / 3.0);
}

TEST_CASE("discrete: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { Discrete({0.1, 1.0}); }) == "Discrete: betas must lie in (0, 1), got betas[1] = 1");
    CHECK(message([] { Discrete({0.1}); }) == "Discrete: betas must hold at least 2 levels with lambda >= -5.1, got 1");
    CHECK(message([] { Discrete({0.1, 0.1}, 1.0); }) == "Discrete: t_end must lie in (0, 1), got 1");
    CHECK(message([] { Discrete::linear(1); }) == "Discrete: levels must be at least 2, got 1");
    CHECK(message([] { Discrete::cosine(10, -1.0); }) == "Discrete.cosine: s must be positive and finite, got -1");
    CHECK(message([] { Discrete::scaled_linear(10, -1.0); }) ==
          "Discrete.scaled_linear: beta_start and beta_end must be positive, got -1 and 0.012");
    CHECK(message([] { Discrete({0.1, 0.1}).alpha(1.2); }) == "Discrete.alpha: t must lie in [0, 1], got 1.2");
    CHECK(message([] { Discrete::linear().t_of_lambda(-6); }).find("Discrete.t_of_lambda: lambda must belong to a time in") == 0);
    CHECK(message([] { Schedule(Discrete({0.1, 0.1, 0.1})).grid(3, GridKind::index); }) ==
          "Schedule.grid: steps must be at most 2 for as many levels below the first, got 3");
}

TEST_CASE("discrete: its formula shows its numbers") {
    CHECK(Discrete({0.1, 0.3}).formula() ==
          "log alpha((n + 1) / 2) = sum_{i <= n} log(1 - beta_i) / 2, 0.1 <= beta <= 0.3, linear between, "
          "sigma(t)^2 = 1 - alpha(t)^2, 0.352302 <= t <= 1");
}

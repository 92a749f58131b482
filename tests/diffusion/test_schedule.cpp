#include <buffon/diffusion/schedule.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"

using namespace buffon::diffusion;

namespace {

const std::vector<Schedule> all{VP(), VP(0.01, 20.0, 1e-4), VP(1.0, 1.0), VE(), VE(0.002, 348.0), EDM(), EDM(1e-5, 1e3),
                                Cosine(), Cosine(0.1, 0.998, 1e-5), SubVP(), SubVP(0.01, 30.0, 1e-5), Discrete::linear(),
                                Discrete::scaled_linear(), Discrete::cosine(), MeanReverting(0.5),
                                MeanReverting(50 / 255.0, 0.001, 1e-6, Theta::constant)};

constexpr GridKind continuous_kinds[] = {GridKind::time, GridKind::logsnr, GridKind::rho, GridKind::quadratic, GridKind::power};

}  // namespace

TEST_CASE("schedule: t_of_lambda inverts lambda to 1e-13, the ends included") {
    for (const Schedule& s : all) {
        CAPTURE(s.formula());
        for (int i = 0; i <= 1000; ++i) {
            const double t = s.t_end() + (s.t_start() - s.t_end()) * (i / 1000.0);
            // absolute in VE, whose time is an affine function of lambda and may be 0; a discrete one is flat near the data
            const double unit = std::holds_alternative<VE>(s.law()) ? 1.0 : t;
            CHECK(std::abs(s.t_of_lambda(s.lambda(t)) - t) <= 1e-13 * unit);
        }
        CHECK(s.t_of_lambda(s.lambda(s.t_start())) <= s.t_start());
    }
}

TEST_CASE("schedule: lambda inverts t_of_lambda to 1e-13 far into the data end") {
    for (double lambda = -5; lambda < 300; lambda += 0.37) {
        CHECK(std::abs(VP().lambda(VP().t_of_lambda(lambda)) - lambda) <= 1e-13 * std::max(1.0, std::abs(lambda)));
        if (lambda > -4.3)
            CHECK(std::abs(EDM().lambda(EDM().t_of_lambda(lambda)) - lambda) <= 1e-13 * std::max(1.0, std::abs(lambda)));
    }
    CHECK(VP().t_of_lambda(INFINITY) == 0);
    CHECK(VP().lambda(0) == INFINITY);
    CHECK(EDM().t_of_lambda(INFINITY) == 0);
    CHECK(EDM().lambda(0) == INFINITY);
}

TEST_CASE("schedule: it is finite and consistent at the ends of its range and within") {
    for (const Schedule& s : all) {
        CAPTURE(s.formula());
        double before = -INFINITY;
        for (const double u : {0.0, 1e-9, 1e-4, 0.2, 0.9, 1 - 1e-12, 1.0}) {
            const double t = u == 1 ? s.t_end() : s.t_start() + u * (s.t_end() - s.t_start());
            CHECK(s.alpha(t) == std::exp(s.log_alpha(t)));
            CHECK(s.alpha(t) > 0);
            CHECK(s.sigma(t) > 0);
            CHECK(s.lambda(t) >= before);
            before = s.lambda(t);
        }
        CHECK(std::isfinite(before));
    }
}

TEST_CASE("schedule: lambda is log(alpha / sigma)") {
    for (const Schedule& s : all)
        for (const double u : {0.0, 0.01, 0.3, 0.77, 1.0}) {
            const double t = s.t_end() + u * (s.t_start() - s.t_end());
            CHECK(s.lambda(t) == doctest::Approx(std::log(s.alpha(t) / s.sigma(t))).epsilon(1e-12));
        }
}

TEST_CASE("schedule: without a drift the diffusion is the derivative of sigma^2") {
    for (const Schedule& s : {Schedule(VE()), Schedule(EDM())})
        for (const double u : {0.1, 0.5, 0.9}) {
            const double t = u * s.t_start(), h = 1e-4 * t;
            const double g2 = -2 * s.sigma(t) * s.sigma(t) * (s.lambda(t + h) - s.lambda(t - h)) / (2 * h);
            const double slope = (std::pow(s.sigma(t + h), 2) - std::pow(s.sigma(t - h), 2)) / (2 * h);
            CHECK(g2 == doctest::Approx(slope).epsilon(1e-6));
        }
}

TEST_CASE("schedule: its prior is what is left of x at t_start") {   // the data's share of the standard deviation is below 1 %
    for (const Schedule& s : all)
        if (s.alpha(s.t_start()) < 0.1 || s.prior_scale() > 10)
            CHECK(s.prior_scale() == doctest::Approx(s.sigma(s.t_start())).epsilon(1e-2));
    CHECK(Schedule(VE(0.01, 348.0)).prior_scale() == 348.0);
    CHECK(Schedule(EDM()).prior_scale() == 80.0);
    CHECK(Schedule(MeanReverting(0.3)).prior_scale() == 0.3);
    for (const Schedule& s : {Schedule(VP()), Schedule(Cosine()), Schedule(SubVP()), Schedule(Discrete::linear())})
        CHECK(s.prior_scale() == 1.0);
}

TEST_CASE("grid: it has steps + 1 decreasing nodes and both ends to the bit") {
    for (const Schedule& s : all)
        for (const GridKind kind : continuous_kinds)
            for (const int steps : {1, 2, 7, 1000}) {
                CAPTURE(s.formula());
                const std::vector<double> t = s.grid(steps, kind);
                REQUIRE(t.size() == static_cast<std::size_t>(steps) + 1);
                CHECK(t.front() == s.t_start());
                CHECK(t.back() == s.t_end());
                for (std::size_t i = 1; i < t.size(); ++i) CHECK(t[i] < t[i - 1]);
            }
}

TEST_CASE("grid: its nodes are equidistant in the time, in lambda, in rho^(1/p), in sqrt(t), in t^(1/p)") {
    for (const Schedule& s : all)
        for (const GridKind kind : continuous_kinds) {
            const auto coordinate = [&](double t) {
                switch (kind) {
                    case GridKind::time: return t;
                    case GridKind::logsnr: return s.lambda(t);
                    case GridKind::rho: return std::pow(s.sigma(t) / s.alpha(t), 1 / 3.0);
                    case GridKind::quadratic: return std::sqrt(t);
                    default: return std::cbrt(t);
                }
            };
            const std::vector<double> t = s.grid(10, kind, 3.0);
            const double first = coordinate(t.front()), last = coordinate(t.back());
            for (int i = 0; i <= 10; ++i)
                CHECK(std::abs(coordinate(t[i]) - (first + i / 10.0 * (last - first))) <
                      1e-12 * (std::abs(first) + std::abs(last)));
        }
}

TEST_CASE("grid: rho and power are of power 7, and quadratic is the power 2") {
    for (const Schedule& s : all) {
        CHECK(s.grid(9, GridKind::rho) == s.grid(9, GridKind::rho, 7.0));
        CHECK(s.grid(9, GridKind::power) == s.grid(9, GridKind::power, 7.0));
        CHECK(s.grid(9, GridKind::quadratic) == s.grid(9, GridKind::power, 2.0));
        CHECK(s.grid(9, GridKind::quadratic, 5.0) == s.grid(9, GridKind::quadratic));
    }
}

TEST_CASE("grid: between other ends it is the part of a grid that has them as nodes") {
    for (const Schedule& s : all) {
        const std::vector<double> whole = s.grid(12, GridKind::logsnr);
        const std::vector<double> part = s.grid(6, GridKind::logsnr, whole[3], whole[9]);
        CHECK(part.front() == whole[3]);
        CHECK(part.back() == whole[9]);
        for (int i = 0; i <= 6; ++i) CHECK(part[i] == doctest::Approx(whole[i + 3]).epsilon(1e-11));
    }
}

TEST_CASE("schedule: a refusal names the function, the argument, the value and the requirement") {
    CHECK(message([] { VP().alpha(1.5); }) == "VP.alpha: t must lie in [0, 1], got 1.5");
    CHECK(message([] { EDM().sigma(-1); }) == "EDM.sigma: t must lie in [0, 80], got -1");
    CHECK(message([] { VE().lambda(NAN); }) == "VE.lambda: t must lie in [0, 1], got nan");
    CHECK(message([] { VP().t_of_lambda(-7); }) == "VP.t_of_lambda: lambda must belong to a time in [0, 1], got -7");
    CHECK(message([] { VE().t_of_lambda(-7); }) == "VE.t_of_lambda: lambda must belong to a time in [0, 1], got -7");
    CHECK(message([] { EDM().t_of_lambda(NAN); }) == "EDM.t_of_lambda: lambda must belong to a time in [0, 80], got nan");
    CHECK(message([] { Schedule(VP()).grid(0); }) == "Schedule.grid: steps must be at least 1, got 0");
    CHECK(message([] { Schedule(VP()).grid(3, GridKind::rho, 0.0); }) ==
          "Schedule.grid: power must be positive and finite, got 0");
    CHECK(message([] { Schedule(VP()).grid(3, GridKind::index); }) ==
          "Schedule.grid: kind must not be 'index' for a schedule without levels");
}

#include <buffon/diffusion/schedule.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

using namespace buffon::diffusion;

namespace {

const std::vector<Schedule> all{VP(), VP(0.01, 20.0, 1e-4), VP(1.0, 1.0), VE(), VE(0.002, 348.0), EDM(), EDM(1e-5, 1e3)};

std::string message(const auto& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("schedule: t_of_lambda inverts lambda to 1e-13, the ends included") {
    for (const Schedule& s : all) {
        CAPTURE(s.formula());
        for (int i = 0; i <= 1000; ++i) {
            const double t = s.t_end() + (s.t_start() - s.t_end()) * (i / 1000.0);
            // absolute in VE, whose time is an affine function of lambda and may be 0
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

TEST_CASE("schedule: lambda is log(alpha / sigma)") {
    for (const Schedule& s : all)
        for (const double u : {0.0, 0.01, 0.3, 0.77, 1.0}) {
            const double t = s.t_end() + u * (s.t_start() - s.t_end());
            CHECK(s.lambda(t) == doctest::Approx(std::log(s.alpha(t) / s.sigma(t))).epsilon(1e-12));
        }
}

TEST_CASE("schedule: VP preserves the variance, also where sigma^2 is far below the rounding of 1") {
    for (const double t : {1e-3, 0.1, 0.5, 1.0})
        CHECK(std::abs(VP().alpha(t) * VP().alpha(t) + VP().sigma(t) * VP().sigma(t) - 1) < 4e-16);
    // sigma^2 = b0 t (1 + O(t)), the next term being 100 t here
    CHECK(VP().sigma(1e-20) == doctest::Approx(std::sqrt(0.1 * 1e-20)).epsilon(1e-14));
}

TEST_CASE("schedule: VP meets its published ends") {   // lambda from -5.0250 (t = 1) to 4.5577 (t = 1e-3)
    CHECK(VP().lambda(1.0) == doctest::Approx(-5.0250).epsilon(1e-5));
    CHECK(VP().lambda(1e-3) == doctest::Approx(4.5577).epsilon(1e-5));
    CHECK(VP().alpha(1.0) == doctest::Approx(std::exp(-0.25 * 20.1)).epsilon(1e-15));
}

TEST_CASE("schedule: the drift and the diffusion of the equation are beta's") {
    // f = d log alpha / dt = -beta / 2 and g^2 = -2 sigma^2 dlambda/dt = beta; central differences err by h^2 and eps / h
    for (const double t : {0.01, 0.2, 0.5, 0.9}) {
        const double h = 1e-4 * t;
        const double beta = 0.1 + 19.9 * t;
        const VP s;
        const double g2 = -2 * s.sigma(t) * s.sigma(t) * (s.lambda(t + h) - s.lambda(t - h)) / (2 * h);
        CHECK(g2 == doctest::Approx(beta).epsilon(1e-7));
        CHECK(std::log(s.alpha(t + h) / s.alpha(t - h)) / (2 * h) == doctest::Approx(-beta / 2).epsilon(1e-7));
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

TEST_CASE("schedule: VE reaches both of its levels to the bit") {
    CHECK(VE(0.01, 348.0).sigma(0) == 0.01);
    CHECK(VE(0.01, 348.0).sigma(1) == 348.0);
    CHECK(VE(0.01, 50.0).sigma(0.5) == doctest::Approx(std::sqrt(0.01 * 50)).epsilon(1e-15));
}

TEST_CASE("grid: it has steps + 1 decreasing nodes and both ends to the bit") {
    for (const Schedule& s : all)
        for (const GridKind kind : {GridKind::time, GridKind::logsnr, GridKind::rho})
            for (const int steps : {1, 2, 7, 1000}) {
                CAPTURE(s.formula());
                const std::vector<double> t = s.grid(steps, kind);
                REQUIRE(t.size() == static_cast<std::size_t>(steps) + 1);
                CHECK(t.front() == s.t_start());
                CHECK(t.back() == s.t_end());
                for (std::size_t i = 1; i < t.size(); ++i) CHECK(t[i] < t[i - 1]);
            }
}

TEST_CASE("grid: its nodes are equidistant in the time, in lambda, in rho^(1/7)") {
    for (const Schedule& s : all)
        for (const GridKind kind : {GridKind::time, GridKind::logsnr, GridKind::rho}) {
            const auto coordinate = [&](double t) {
                if (kind == GridKind::time) return t;
                return kind == GridKind::logsnr ? s.lambda(t) : std::pow(s.sigma(t) / s.alpha(t), 1.0 / 7);
            };
            const std::vector<double> t = s.grid(10, kind);
            const double first = coordinate(t.front()), last = coordinate(t.back());
            for (int i = 0; i <= 10; ++i)
                CHECK(std::abs(coordinate(t[i]) - (first + i / 10.0 * (last - first))) < 1e-12 * (std::abs(first) + std::abs(last)));
        }
}

TEST_CASE("grid: EDM with rho are the published nodes") {   // Karras et al. 2022, eq. (5)
    const std::vector<double> t = Schedule(EDM()).grid(17, GridKind::rho);
    const double a = std::pow(80.0, 1.0 / 7), b = std::pow(0.002, 1.0 / 7);
    for (int i = 0; i < 18; ++i) CHECK(t[i] == doctest::Approx(std::pow(a + i / 17.0 * (b - a), 7)).epsilon(1e-13));
}

TEST_CASE("schedule: a refusal names the function, the argument, the value and the requirement") {
    CHECK(message([] { VP(0.0, 20.0); }) == "VP: b0 must be positive and finite, got 0");
    CHECK(message([] { VP(1.0, 0.5); }) == "VP: b1 must be finite and at least b0 = 1, got 0.5");
    CHECK(message([] { VP(0.1, 20.0, 1.0); }) == "VP: t_end must lie in (0, 1), got 1");
    CHECK(message([] { VE(-1.0, 1.0); }) == "VE: smin must be positive and finite, got -1");
    CHECK(message([] { EDM(2.0, 2.0); }) == "EDM: smax must be finite and above smin = 2, got 2");
    CHECK(message([] { VP().alpha(1.5); }) == "VP.alpha: t must lie in [0, 1], got 1.5");
    CHECK(message([] { EDM().sigma(-1); }) == "EDM.sigma: t must lie in [0, 80], got -1");
    CHECK(message([] { VE().lambda(NAN); }) == "VE.lambda: t must lie in [0, 1], got nan");
    CHECK(message([] { VP().t_of_lambda(-7); }) == "VP.t_of_lambda: lambda must belong to a time in [0, 1], got -7");
    CHECK(message([] { VE().t_of_lambda(-7); }) == "VE.t_of_lambda: lambda must belong to a time in [0, 1], got -7");
    CHECK(message([] { EDM().t_of_lambda(NAN); }) == "EDM.t_of_lambda: lambda must belong to a time in [0, 80], got nan");
    CHECK(message([] { Schedule(VP()).grid(0); }) == "Schedule.grid: steps must be at least 1, got 0");
}

TEST_CASE("schedule: its formula shows its numbers") {
    CHECK(Schedule(VP()).formula() == "log alpha(t) = -19.9 t^2 / 4 - 0.1 t / 2, sigma(t)^2 = 1 - alpha(t)^2, 0 <= t <= 1");
    CHECK(Schedule(VE()).formula() == "alpha(t) = 1, sigma(t) = 0.01^(1 - t) * 50^t, 0 <= t <= 1");
    CHECK(Schedule(EDM()).formula() == "alpha(t) = 1, sigma(t) = t, 0 <= t <= 80");
}

#include <buffon/diffusion/schedules/cosine.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon::diffusion;

TEST_CASE("cosine: alpha is the quotient of cosines") {
    for (const double s : {0.008, 0.3})
        for (const double t :
             {1e-3, 0.2, 0.49999, 0.5, 0.50001, 0.8, 0.99}) {   // 0.5: where another form of log alpha takes over
            const double right = std::acos(-1.0) / 2;
            const double direct = std::cos(right * (t + s) / (1 + s)) / std::cos(right * s / (1 + s));
            CHECK(Cosine(s).alpha(t) == doctest::Approx(direct).epsilon(1e-13));
            CHECK(Cosine(s).sigma(t) == doctest::Approx(std::sqrt(1 - direct * direct)).epsilon(1e-9));
        }
}

TEST_CASE("cosine: near the data log alpha is its first two terms, to 1e-13") {   // the third is below 1e-15 of the first here
    const double u = std::acos(-1.0) / 2 / 1.008, k = std::tan(0.008 * u);
    for (const double t : {1e-9, 1e-12, 1e-15}) {
        const double d = u * t;
        CHECK(Cosine().log_alpha(t) == doctest::Approx(-k * d - 0.5 * (1 + k * k) * d * d).epsilon(1e-13));
    }
}

TEST_CASE("cosine: t_of_lambda inverts lambda to 1e-13 at both ends") {
    const Cosine s(0.008, 0.999999, 1e-9);
    for (const double t : {0.0, 1e-15, 1e-9, 1e-3, 0.3, 0.5, 0.99})
        CHECK(std::abs(s.t_of_lambda(s.lambda(t)) - t) <= 1e-13 * t);
    for (const double gap : {1e-3, 1e-4, 1e-5, 1.1e-6}) {   // from t = 1, in what is missing: a ulp of t is 1e-16
        const double t = 1 - gap;
        CHECK(std::abs(s.t_of_lambda(s.lambda(t)) - t) <= 2e-15);
        CHECK(s.lambda(t) == doctest::Approx(std::log(std::acos(-1.0) / 2 / 1.008 * gap)).epsilon(1e-4));
    }
}

TEST_CASE("cosine: its rate is the tangent's") {   // beta = -2 d log alpha / dt = pi / (1 + s) tan(pi/2 (t + s) / (1 + s))
    const Cosine s;
    for (const double t : {0.01, 0.3, 0.9}) {
        const double h = 1e-5, pi = std::acos(-1.0);
        const double beta = pi / 1.008 * std::tan(0.5 * pi * (t + 0.008) / 1.008);
        CHECK(-(s.log_alpha(t + h) - s.log_alpha(t - h)) / h == doctest::Approx(beta).epsilon(1e-6));
    }
}

TEST_CASE("cosine: a refusal names the argument, the value and the requirement") {
    CHECK(message([] { Cosine(0.0); }) == "Cosine: s must be positive and finite, got 0");
    CHECK(message([] { Cosine(0.008, 1.0); }) == "Cosine: t_start must lie in (0, 1), got 1");
    CHECK(message([] { Cosine(0.008, 0.5, 0.5); }) == "Cosine: t_end must lie in (0, t_start = 0.5), got 0.5");
    CHECK(message([] { Cosine().sigma(0.9947); }) == "Cosine.sigma: t must lie in [0, 0.9946], got 0.9947");
    CHECK(message([] { Cosine().t_of_lambda(-5.2); }) ==
          "Cosine.t_of_lambda: lambda must belong to a time in [0, 0.9946], got -5.2");
}

TEST_CASE("cosine: its formula shows its numbers") {
    CHECK(Cosine().formula() == "alpha(t) = cos(pi/2 (t + 0.008) / 1.008) / cos(pi/2 0.008 / 1.008), "
                                "sigma(t)^2 = 1 - alpha(t)^2, 0 <= t <= 0.9946");
}

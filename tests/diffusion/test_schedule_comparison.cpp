#include <buffon/diffusion/schedule_comparison.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace buffon::diffusion;

TEST_CASE("compare_schedules: those that preserve the variance are one law in many times, those that add noise another") {
    const Schedule preserving[] = {VP(), VP(0.01), Cosine(), Discrete::linear(), Discrete::scaled_linear(), Discrete::cosine(),
                                   MeanReverting(1.0)};
    for (const Schedule& a : preserving)
        for (const Schedule& b : preserving) {
            const ScheduleComparison c = compare_schedules(a, b);
            CAPTURE(c.text());
            CHECK(c.same_law());
            CHECK(c.same_time() == (&a == &b));
        }
    CHECK(compare_schedules(VE(), EDM()).same_law());
    for (const Schedule& other : {Schedule(VE()), Schedule(EDM()), Schedule(SubVP()), Schedule(MeanReverting(0.5))})
        CHECK_FALSE(compare_schedules(VP(), other).same_law());
}

TEST_CASE("compare_schedules: at equal lambda alpha of VP is below 1, that of VE, by sqrt(1 + exp(-2 lambda))") {
    const ScheduleComparison c = compare_schedules(VP(), VE());
    CHECK(c.lambda->low == doctest::Approx(-std::log(50.0)).epsilon(1e-14));
    CHECK(c.lambda->high == doctest::Approx(VP().lambda(1e-3)).epsilon(1e-14));
    CHECK(*c.log_alpha_difference == doctest::Approx(0.5 * std::log(1 + 2500.0)).epsilon(1e-12));   // largest at the noise end
    CHECK(*c.t_of_difference >= c.t->low);
    CHECK(*c.lambda_difference ==
          doctest::Approx(std::abs(VP().lambda(*c.t_of_difference) - VE().lambda(*c.t_of_difference))).epsilon(1e-14));
}

TEST_CASE("compare_schedules: the largest difference at equal times, where it is known") {   // lambda = -log sigma is affine in t
    const ScheduleComparison c = compare_schedules(VE(0.01, 50.0), VE(0.01, 25.0));
    CHECK(*c.lambda_difference == doctest::Approx(std::log(2.0)).epsilon(1e-13));
    CHECK(*c.t_of_difference == 1.0);
    CHECK(c.same_law());
    CHECK_FALSE(c.same_time());
}

TEST_CASE("compare_schedules: nothing in common is said") {
    const ScheduleComparison c = compare_schedules(EDM(0.1, 0.2), EDM(1.0, 2.0));
    CHECK_FALSE(c.lambda.has_value());
    CHECK_FALSE(c.t.has_value());
    CHECK_FALSE(c.same_law());
    CHECK(c.text() == "no lambda in common\nlambda of their grids: 1.609 to 2.303, and -0.6931 to 0\nno time in common");
}

TEST_CASE("compare_schedules: the text says what was found") {
    CHECK(compare_schedules(VP(), VP()).text() ==
          "the same schedule\nlambda of their grids: -5.025 to 4.558, and -5.025 to 4.558\n"
          "at equal times lambda differs by up to 0, at t = 0.001");
    CHECK(compare_schedules(VP(), Cosine()).text().find("the same law in another time: alpha and sigma are the same fun") == 0);
    CHECK(compare_schedules(VP(), VE()).text().find("two laws: at equal lambda alpha differs by a factor of up to 50.01;") == 0);
}

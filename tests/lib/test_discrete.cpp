#include <buffon/laws/discrete.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>

using namespace buffon;

TEST_CASE("a discrete law: probabilities, steps of the cdf, and the quantile is the smallest value that reaches p") {
    const Discrete law({5, -1, 2, 7}, {1, 2, 4, 0});   // in any order; 7 never happens
    CHECK(law.values() == std::vector<double>{-1, 2, 5});
    CHECK(law.log_density(2) == doctest::Approx(std::log(4.0 / 7)));
    for (const double x : {-2.0, 0.0, 3.0, 6.0, 7.0}) CHECK(std::isinf(law.log_density(x)));
    CHECK(law.cdf(-1.1) == 0);
    CHECK(law.cdf(-1) == doctest::Approx(2.0 / 7));
    CHECK(law.cdf(4.9) == doctest::Approx(6.0 / 7));
    CHECK(law.cdf(5) == 1);
    CHECK(law.ccdf(2) == doctest::Approx(1.0 / 7));
    CHECK(law.ccdf(5) == 0);
    CHECK(law.mean() == doctest::Approx(11.0 / 7));
    CHECK(law.variance() == doctest::Approx(43.0 / 7 - 121.0 / 49));
    for (const double p : {0.0, 0.1, 0.285, 0.286, 0.5, 0.857, 0.858, 1.0}) {
        const double x = law.quantile(p);
        CHECK(law.cdf(x) >= p);
        if (x > -1) CHECK(law.cdf(std::nextafter(x, -10)) < p);
        CHECK(law.ccdf(law.upper_quantile(p)) <= p);
    }
    CHECK(law.support().lower == -1);
    CHECK(law.support().upper == 5);
}

TEST_CASE("a discrete law: scores map to values with their probabilities, and each value's own score lies in the middle") {
    const Discrete law({0, 1, 2, 3}, {1e-20, 0.3, 0.7, 1e-18});
    for (std::size_t i = 0; i < 4; ++i) {
        const double x = law.values()[i];
        CHECK(law.from_normal(law.to_normal(x)) == x);
        CHECK(law.find(x) == i);
        for (const double v : {1e-3, 0.5, 0.999}) CHECK(law.from_normal(law.score_within(i, v)) == x);
    }
    CHECK(normal_cdf(law.jumps()[0]) == doctest::Approx(1e-20).scale(0));
    CHECK(normal_cdf(-law.jumps()[2]) == doctest::Approx(1e-18).scale(0));
    CHECK(normal_cdf(law.to_normal(0)) == doctest::Approx(0.5e-20).scale(0));
    CHECK(normal_cdf(law.to_normal(1)) == doctest::Approx(0.15));
    CHECK(normal_cdf(law.to_normal(2)) == doctest::Approx(0.65));
    CHECK(law.from_normal(-40) == 0);
    CHECK(law.from_normal(40) == 3);
    CHECK(law.to_normal(1.5) == doctest::Approx(normal_quantile(0.3)));
    CHECK(law.to_normal(-1) == -std::numeric_limits<double>::infinity());
    CHECK(law.to_normal(4) == std::numeric_limits<double>::infinity());
    CHECK(law.find(1.5) == 4);
}

TEST_CASE("a discrete law: what cannot be is refused with its place") {
    const auto refused = [](std::vector<double> values, std::vector<double> probabilities, const char* words) {
        CHECK_THROWS_WITH_AS((void)Discrete(std::move(values), std::move(probabilities)), words, std::invalid_argument);
    };
    refused({}, {}, "Discrete: values must not be empty");
    refused({1, 2}, {1}, "Discrete: probabilities must have one entry per value, 2, got 1");
    refused({1, std::nan("")}, {1, 1}, "Discrete: values must be finite, got nan at 1");
    refused({1, 2}, {1, -1}, "Discrete: probabilities must be finite and not negative, got -1 at 1");
    refused({1, 2}, {0, 0}, "Discrete: probabilities must not all be zero");
    refused({2, 1, 2}, {1, 1, 1}, "Discrete: values must all be different, got 2 twice");
}

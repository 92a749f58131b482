#include <buffon/frank_copula.hpp>

#include <stdexcept>

#include "archimedean_cases.hpp"

using namespace buffon;
using namespace archimedean_cases;
using oracle::Wide;

namespace {

oracle::Cdf cdf(double theta) {
    return [theta](const std::vector<Wide>& u) {
        using boost::multiprecision::expm1;
        using boost::multiprecision::log1p;
        Wide x = 1;
        for (const Wide& v : u) x *= expm1(-theta * v) / expm1(-Wide(theta));
        return Wide(log1p(x * expm1(-Wide(theta))) / -theta);
    };
}

}  // namespace

TEST_CASE("frank copula: the density is the mixed derivative of the cdf, out to scores of 8") {
    for (const double theta : {0.01, 3.0, 35.0})
        for (const std::int64_t d : {2, 3, 5}) check_density(FrankCopula(theta, d), cdf(theta), 1e-12);
    for (const double theta : {-0.5, -12.0}) check_density(FrankCopula(theta, 2), cdf(theta), 1e-12);
}

TEST_CASE("frank copula: independent scores are those of the conditional cdf") {
    for (const double theta : {0.01, 3.0, 35.0})
        for (const std::int64_t d : {2, 3, 5}) check_conditional(FrankCopula(theta, d), cdf(theta), 1e-12);
    check_conditional(FrankCopula(-4, 2), cdf(-4), 1e-12);
}

TEST_CASE("frank copula: decorrelate undoes correlate to 1e-11 at scores of 8 and 1e-9 at 30") {
    for (const double theta : {1e-3, 2.0, 50.0, 300.0})
        for (const std::int64_t d : {2, 5, 20}) {
            CAPTURE(theta);
            CAPTURE(d);
            CHECK(round_trip_error(FrankCopula(theta, d), 8) < 1e-11);
            if (theta < 100) CHECK(round_trip_error(FrankCopula(theta, d), 30) < 1e-9);
        }
    CHECK(round_trip_error(FrankCopula(-20, 2), 8) < 1e-11);
}

TEST_CASE("frank copula: samples have normal scores and Kendall's tau; from_kendall inverts kendall_tau") {
    check_sample(FrankCopula::from_kendall(0.2, 3));
    check_sample(FrankCopula::from_kendall(0.7, 4));
    check_sample(FrankCopula::from_kendall(-0.4, 2));
    for (const double tau : {-0.9, -1e-4, 1e-3, 0.5, 0.98})
        CHECK(FrankCopula::from_kendall(tau, 2).kendall_tau() == doctest::Approx(tau).epsilon(1e-10).scale(0));
    CHECK(FrankCopula(5.736, 2).kendall_tau() == doctest::Approx(0.5).epsilon(1e-4));   // the textbook's pair
}

TEST_CASE("frank copula: parameters without a copula are refused") {
    CHECK_THROWS_WITH_AS(FrankCopula(0, 2), "FrankCopula: theta must lie in [-300, 300] and not be 0, got 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(FrankCopula(-5, 3),
                         "FrankCopula: theta must be positive with more than two inputs, got -5 with 3",
                         std::invalid_argument);
    CHECK_THROWS_AS(FrankCopula::from_kendall(1, 2), std::invalid_argument);
}

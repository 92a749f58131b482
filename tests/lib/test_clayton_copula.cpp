#include <buffon/clayton_copula.hpp>

#include <limits>
#include <stdexcept>

#include "archimedean_cases.hpp"

using namespace buffon;
using namespace archimedean_cases;
using oracle::Wide;

namespace {

oracle::Cdf cdf(double theta) {
    return [theta](const std::vector<Wide>& u) {
        Wide s = 1;
        for (const Wide& v : u) s += pow(v, -Wide(theta)) - 1;
        return pow(s, -1 / Wide(theta));
    };
}

}  // namespace

TEST_CASE("clayton copula: the density is the mixed derivative of the cdf, out to scores of 8") {
    for (const double theta : {0.05, 1.0, 6.0})
        for (const std::int64_t d : {2, 3, 5}) check_density(ClaytonCopula(theta, d), cdf(theta), 1e-12);
    for (const double theta : {-0.2, -0.7}) {
        const ClaytonCopula copula(theta, 2);
        for (const auto& z : std::vector<std::vector<double>>{{0.3, 0.9}, {8, 8}, {2, -0.5}, {-1, 7}})
            CHECK(log_density(copula, z) == doctest::Approx(oracle::log_density(cdf(theta), z)).epsilon(1e-11));
        CHECK(log_density(copula, {-2, -2}) == -std::numeric_limits<double>::infinity());
    }
}

TEST_CASE("clayton copula: independent scores are those of the conditional cdf") {
    for (const double theta : {0.05, 1.0, 6.0})
        for (const std::int64_t d : {2, 3, 5}) check_conditional(ClaytonCopula(theta, d), cdf(theta), 1e-12);
    Matrix row(1, 2);
    row.data = {0.3, 0.9};
    const auto want = oracle::conditional(cdf(-0.4), row.data);
    ClaytonCopula(-0.4, 2).decorrelate(row);
    CHECK(normal_cdf(row(0, 1)) == doctest::Approx(static_cast<double>(want.below)).epsilon(1e-13));
}

TEST_CASE("clayton copula: decorrelate undoes correlate to 1e-11 at scores of 8 and 1e-10 at 30") {
    for (const double theta : {1e-3, 0.5, 3.0, 40.0})
        for (const std::int64_t d : {2, 5, 20}) {
            CAPTURE(theta);
            CHECK(round_trip_error(ClaytonCopula(theta, d), 8) < 1e-11);
            CHECK(round_trip_error(ClaytonCopula(theta, d), 30) < 1e-10);
        }
    for (const double theta : {-0.2, -0.7})
        CHECK(round_trip_error(ClaytonCopula(theta, 2), 3) < 1e-9);   // an end inside the interval
}

TEST_CASE("clayton copula: samples have normal scores and Kendall's tau") {
    for (const double tau : {0.2, 0.7}) check_sample(ClaytonCopula::from_kendall(tau, 3));
    check_sample(ClaytonCopula::from_kendall(-0.25, 2));
    CHECK(ClaytonCopula(2, 2).lower_tail_dependence() == doctest::Approx(std::sqrt(0.5)));
}

TEST_CASE("clayton copula: parameters without a copula are refused") {
    CHECK_THROWS_WITH_AS(ClaytonCopula(0, 2), "ClaytonCopula: theta must be finite, above -1 and not 0, got 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(ClaytonCopula(-0.5, 3),
                         "ClaytonCopula: theta must be positive with more than two inputs, got -0.5 with 3",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(ClaytonCopula(1, 1), "ClaytonCopula: dimension must be at least 2, got 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(ClaytonCopula::from_kendall(1, 2),
                         "ClaytonCopula: tau must lie in (-1/3, 1) and not be 0, got 1", std::invalid_argument);
}

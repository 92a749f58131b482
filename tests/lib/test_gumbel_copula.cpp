#include <buffon/gumbel_copula.hpp>

#include <stdexcept>

#include "archimedean_cases.hpp"

using namespace buffon;
using namespace archimedean_cases;
using oracle::Wide;

namespace {

oracle::Cdf cdf(double theta) {
    return [theta](const std::vector<Wide>& u) {
        Wide t = 0;
        for (const Wide& v : u)
            if (v < 1) t += pow(-log(v), Wide(theta));
        return Wide(exp(-pow(t, 1 / Wide(theta))));
    };
}

}  // namespace

TEST_CASE("gumbel copula: the density is the mixed derivative of the cdf, out to scores of 8") {
    for (const double theta : {1.01, 2.0, 9.0})
        for (const std::int64_t d : {2, 3, 5}) check_density(GumbelCopula(theta, d), cdf(theta), 1e-12);
}

TEST_CASE("gumbel copula: independent scores are those of the conditional cdf") {
    for (const double theta : {1.01, 2.0, 9.0})
        for (const std::int64_t d : {2, 3, 5}) check_conditional(GumbelCopula(theta, d), cdf(theta), 1e-12);
}

TEST_CASE("gumbel copula: theta = 1 is independence") {
    CHECK(std::abs(log_density(GumbelCopula(1, 4), {0.3, -8, 8, 1})) < 1e-13);
    Matrix z(1, 4);
    z.data = {0.3, -8, 8, 1};
    const Matrix before = z;
    GumbelCopula(1, 4).correlate(z);
    for (std::size_t j = 0; j < 4; ++j) CHECK(std::abs(z.data[j] - before.data[j]) < 1e-13);
}

TEST_CASE("gumbel copula: decorrelate undoes correlate to 1e-11 at scores of 8 and 1e-9 at 30") {
    for (const double theta : {1.0, 1.001, 2.0, 50.0})
        for (const std::int64_t d : {2, 5, 20}) {
            CAPTURE(theta);
            CAPTURE(d);
            CHECK(round_trip_error(GumbelCopula(theta, d), 8) < 1e-11);
            CHECK(round_trip_error(GumbelCopula(theta, d), 30) < 1e-9);
        }
}

TEST_CASE("gumbel copula: samples have normal scores and Kendall's tau") {
    for (const double tau : {0.0, 0.2, 0.7}) check_sample(GumbelCopula::from_kendall(tau, 3));
    CHECK(GumbelCopula(2, 2).upper_tail_dependence() == doctest::Approx(2 - std::sqrt(2.0)));
}

TEST_CASE("gumbel copula: parameters without a copula are refused") {
    CHECK_THROWS_WITH_AS(GumbelCopula(0.9, 2), "GumbelCopula: theta must be finite and at least 1, got 0.9",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(GumbelCopula(2, 1), "GumbelCopula: dimension must be at least 2, got 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(GumbelCopula::from_kendall(-0.1, 2), "GumbelCopula: tau must lie in [0, 1), got -0.1",
                         std::invalid_argument);
}

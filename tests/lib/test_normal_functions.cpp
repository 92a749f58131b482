#include <buffon/normal_functions.hpp>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace buffon;

namespace {

using Wide = long double;   // the oracle has 11 bits more than what it judges
const boost::math::normal_distribution<Wide> oracle;

double relative_error(double got, Wide want) { return static_cast<double>(std::abs((got - want) / want)); }

/// log P(Z <= z) by the asymptotic series of Mills' ratio, for z < -30: the 6th term is below 1e-14.
Wide log_cdf_series(Wide z) {
    Wide sum = 1, term = 1;
    for (int k = 1; k <= 8; ++k) sum += term *= -(2 * k - 1) / (z * z);
    return -z * z / 2 - std::log(-z * std::sqrt(2 * std::acos(Wide(-1)))) + std::log(sum);
}

}  // namespace

TEST_CASE("normal_quantile agrees with Boost.Math to 1e-15 from the smallest doubles to the centre") {
    double worst = 0;
    for (double p = 1e-307; p < 0.5; p *= 1.0371)
        worst = std::max(worst, relative_error(normal_quantile(p), quantile(oracle, Wide(p))));
    CHECK(worst < 1e-15);
    worst = 0;
    for (int i = 1; i < 4096; ++i)
        if (i != 2048) worst = std::max(worst, relative_error(normal_quantile(i / 4096.0), quantile(oracle, Wide(i) / 4096)));
    CHECK(worst < 1e-15);
    CHECK(relative_error(normal_quantile(1 - 0x1p-53), quantile(complement(oracle, Wide(0x1p-53)))) < 1e-15);
}

TEST_CASE("normal_quantile keeps the ends and refuses what is no probability") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(normal_quantile(0) == -infinity);
    CHECK(normal_quantile(1) == infinity);
    CHECK(normal_quantile(0.5) == 0);
    for (const double p : {-1e-300, 1.0000000001, infinity, std::nan("")}) CHECK(std::isnan(normal_quantile(p)));
}

TEST_CASE("normal_cdf agrees with Boost.Math in relative terms down to 1e-300") {
    double worst = 0;
    // z / sqrt(2) is rounded: half an ulp of z grows by z^2, 1,369 at the end
    for (double z = -37; z < 8; z += 0.0371)
        worst = std::max(worst, relative_error(normal_cdf(z), cdf(oracle, Wide(z))) / (1 + z * z));
    CHECK(worst < 4e-16);
}

TEST_CASE("normal_log_cdf agrees with Boost.Math where the cdf exists, with its asymptotic series beyond") {
    double worst = 0;
    for (double z = -37; z < 0; z += 0.0171)
        worst = std::max(worst, relative_error(normal_log_cdf(z), std::log(cdf(oracle, Wide(z)))));
    for (double z = 0; z < 37; z += 0.0171)
        worst = std::max(worst, relative_error(normal_log_cdf(z), std::log1p(-cdf(complement(oracle, Wide(z))))) / (1 + z * z));
    for (double z = -30; z > -1e150; z *= 1.7) worst = std::max(worst, relative_error(normal_log_cdf(z), log_cdf_series(z)));
    CHECK(worst < 2e-15);
    CHECK(normal_log_cdf(-std::numeric_limits<double>::infinity()) == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(normal_log_cdf(std::nan(""))));
}

TEST_CASE("normal_quantile_of_log solves log P(Z <= z) = log_p to 1e-15 of z in both tails") {
    double worst = 0;
    for (double log_p = -40; log_p > -1e300; log_p *= 1.3) {
        const Wide z = normal_quantile_of_log(log_p);   // d log P / dz is about -z, so a relative error in z doubles
        if (z < -30) worst = std::max(worst, static_cast<double>(std::abs((log_cdf_series(z) - log_p) / log_p)) / 2);
    }
    CHECK(worst < 1e-15);
    worst = 0;
    for (double log_p = -700; log_p < -1; log_p += 0.37)
        worst = std::max(worst, relative_error(normal_quantile_of_log(log_p), quantile(oracle, std::exp(Wide(log_p)))));
    for (double log_p = -0.6; log_p < -1e-300; log_p *= 0.7)
        worst = std::max(worst, relative_error(normal_quantile_of_log(log_p),
                                               quantile(complement(oracle, -std::expm1(Wide(log_p))))));
    CHECK(worst < 1.5e-15);
}

TEST_CASE("normal_quantile_of_log keeps the ends") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(normal_quantile_of_log(-infinity) == -infinity);
    CHECK(normal_quantile_of_log(0) == infinity);
    CHECK(std::isnan(normal_quantile_of_log(0.1)));
    CHECK(std::isnan(normal_quantile_of_log(std::nan(""))));
}

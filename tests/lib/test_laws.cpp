#include <buffon/laws/univariate.hpp>

#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/uniform.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

using namespace buffon;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
using Wide = long double;
const boost::math::normal_distribution<Wide> standard;

/// Density, cdf, quantile, scores and moments of a law beside Boost.Math's at the law's own quantiles.
template <class Law, class Oracle>
void check_against(const Law& law, const Oracle& oracle) {
    CHECK(law.mean() == doctest::Approx(static_cast<double>(mean(oracle))).epsilon(1e-14).scale(0));
    CHECK(law.variance() == doctest::Approx(static_cast<double>(variance(oracle))).epsilon(1e-13).scale(0));
    for (const double p : {1e-12, 1e-3, 0.2, 0.5, 0.77, 0.999}) {
        CAPTURE(p);
        const double x = static_cast<double>(quantile(oracle, Wide(p)));   // the oracle judges at this rounded x
        CHECK(law.quantile(p) == doctest::Approx(x).epsilon(1e-13).scale(0));
        CHECK(law.cdf(x) == doctest::Approx(static_cast<double>(cdf(oracle, Wide(x)))).epsilon(1e-13).scale(0));
        CHECK(law.log_density(x) == doctest::Approx(static_cast<double>(std::log(pdf(oracle, Wide(x))))).epsilon(1e-13).scale(0));
        CHECK(law.from_normal(static_cast<double>(quantile(standard, Wide(p)))) == doctest::Approx(x).epsilon(1e-13).scale(0));
    }
}

template <class Law>
double worst_round_trip(const Law& law, double low, double high) {
    double worst = 0;
    for (double u = low; u <= high; u += 0.0625) worst = std::max(worst, std::abs(law.to_normal(law.from_normal(u)) - u));
    return worst;
}

template <class F>
std::string message(const F& f) {
    try {
        f();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("laws agree with Boost.Math") {
    check_against(Normal(-3.5, 0.25), boost::math::normal_distribution<Wide>(-3.5, 0.25));
    check_against(LogNormal(0.75, 0.5), boost::math::lognormal_distribution<Wide>(0.75, 0.5));
    check_against(LogNormal(-2, 2), boost::math::lognormal_distribution<Wide>(-2, 2));
    check_against(Uniform(-1.5, 2.25), boost::math::uniform_distribution<Wide>(-1.5, 2.25));
}

TEST_CASE("to_normal inverts from_normal for |u| <= 8") {
    CHECK(worst_round_trip(Normal(1, 3), -8, 8) < 1e-14);
    CHECK(worst_round_trip(LogNormal(1, 0.5), -8, 8) < 1e-14);
    CHECK(worst_round_trip(Uniform(0, 2), -8, 0) < 1e-14);
    CHECK(worst_round_trip(Uniform(-2, 0), 0, 8) < 1e-14);   // upper = 0: doubles near it are dense enough to tell
}

TEST_CASE("scores of a uniform law keep their digits near both ends") {
    for (const double p : {1e-15, 1e-100, 1e-300}) {
        const double z = static_cast<double>(quantile(standard, Wide(p)));
        CHECK(Uniform(0, 1).to_normal(p) == doctest::Approx(z).epsilon(1e-15).scale(0));
        CHECK(Uniform(-1, 0).to_normal(-p) == doctest::Approx(-z).epsilon(1e-15).scale(0));
        CHECK(Uniform(-1, 0).from_normal(-z) == doctest::Approx(-p).epsilon(1e-12).scale(0));
    }
}

TEST_CASE("LogNormal::from_moments has the mean and the coefficient of variation that were asked for") {
    const LogNormal law = LogNormal::from_moments(556.8, 0.08);
    const boost::math::lognormal_distribution<Wide> oracle(law.mu(), law.sigma());
    CHECK(static_cast<double>(mean(oracle)) == doctest::Approx(556.8).epsilon(1e-14).scale(0));
    CHECK(static_cast<double>(standard_deviation(oracle) / mean(oracle)) == doctest::Approx(0.08).epsilon(1e-14).scale(0));
    CHECK(LogNormal::from_moments(1, 1e-9).sigma() == doctest::Approx(1e-9).epsilon(1e-15).scale(0));   // log(1 + cv^2) would be 0
}

TEST_CASE("outside the support the log density is -inf and the score infinite") {
    CHECK(LogNormal().log_density(0) == -infinity);
    CHECK(LogNormal().log_density(-1) == -infinity);
    CHECK(LogNormal().to_normal(-1) == -infinity);
    CHECK(LogNormal().cdf(-1) == 0);
    CHECK(Uniform(1, 2).log_density(0.999) == -infinity);
    CHECK(Uniform(1, 2).log_density(2.001) == -infinity);
    CHECK(Uniform(1, 2).to_normal(0.5) == -infinity);
    CHECK(Uniform(1, 2).to_normal(2.5) == infinity);
    CHECK(Uniform(1, 2).cdf(2.5) == 1);
    CHECK(Uniform(1, 2).support().lower == 1);
    CHECK(Uniform(1, 2).support().upper == 2);
    CHECK(LogNormal().support().lower == 0);
}

TEST_CASE("NaN stays NaN in every function of every law") {
    const double nan = std::nan("");
    const auto check = [&](const auto& law) {
        for (const double value : {law.log_density(nan), law.cdf(nan), law.quantile(nan), law.to_normal(nan), law.from_normal(nan)})
            CHECK(std::isnan(value));
    };
    check(Normal());
    check(LogNormal());
    check(Uniform());
}

TEST_CASE("laws refuse bad parameters with name, argument and value") {
    CHECK(message([] { Normal(0, -1); }) == "Normal: sd must be positive and finite, got -1");
    CHECK(message([] { LogNormal(0, 0); }) == "LogNormal: sigma must be positive and finite, got 0");
    CHECK(message([] { LogNormal(std::nan(""), 1); }) == "LogNormal: mu must be finite, got nan");
    CHECK(message([] { LogNormal::from_moments(-2, 1); }) == "LogNormal::from_moments: mean must be positive and finite, got -2");
    CHECK(message([] { Uniform(1, 1); }) == "Uniform: upper must be finite and above lower = 1, got 1");
    CHECK(message([] { Uniform(-1.5e308, 1.5e308); }) == "Uniform: upper - lower must be finite, got lower = -1.5e+308, upper = 1.5e+308");
}

#include <buffon/laws/univariate.hpp>

#include <boost/math/distributions/extreme_value.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/triangular.hpp>
#include <boost/math/distributions/uniform.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace buffon;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
using Wide = long double;
const boost::math::normal_distribution<Wide> standard;

doctest::Approx near(Wide value, double tolerance) { return doctest::Approx(static_cast<double>(value)).epsilon(tolerance).scale(0); }

/// All functions of a law at x beside Boost.Math's; p is the smaller of the probabilities on the two sides of x.
template <class Law, class Oracle>
void check_at(const Law& law, const Oracle& oracle, double x, double p, double digits) {
    CAPTURE(x);
    const double tolerance = digits * (1 - std::log(p));   // z loses no digit, exp(-z^2 / 2) loses those of its exponent
    const Wide below = cdf(oracle, Wide(x)), above = cdf(complement(oracle, Wide(x)));
    CHECK(law.cdf(x) == near(below, tolerance));
    CHECK(law.ccdf(x) == near(above, tolerance));
    CHECK(law.log_density(x) == doctest::Approx(static_cast<double>(std::log(pdf(oracle, Wide(x))))).epsilon(tolerance));
    const Wide score = below < above ? quantile(standard, below) : quantile(complement(standard, above));
    CHECK(std::abs(law.to_normal(x) - static_cast<double>(score)) <= tolerance * std::max(1.0, std::abs(static_cast<double>(score))));
}

/// At the oracle's quantiles in both tails, down to 1e-300, as far as they are inside the support after rounding.
template <class Law, class Oracle>
void check_against(const Law& law, const Oracle& oracle, double digits = 1e-14) {
    CHECK(law.mean() == near(mean(oracle), 1e-14));
    CHECK(law.variance() == near(variance(oracle), 1e-13));
    const Support support = law.support();
    const bool whole_line = std::isinf(support.lower) && std::isinf(support.upper);
    const double scale = whole_line ? std::sqrt(law.variance()) : 0;   // elsewhere quantiles keep their digits near an end at 0
    for (const double p : {1e-300, 1e-100, 1e-30, 1e-12, 1e-3, 0.05, 0.2, 0.5}) {
        CAPTURE(p);
        const double z = static_cast<double>(quantile(standard, Wide(p))), tolerance = digits * (1 - std::log(p));
        const auto check = [&](double x, double by_probability, double by_score) {
            CAPTURE(x);
            CHECK(std::abs(by_probability - x) <= tolerance * std::max(std::abs(x), scale));
            CHECK(std::abs(by_score - x) <= tolerance * std::max(std::abs(x), scale));
            if (x > support.lower && x < support.upper) check_at(law, oracle, x, p, digits);
        };
        check(static_cast<double>(quantile(oracle, Wide(p))), law.quantile(p), law.from_normal(z));
        check(static_cast<double>(quantile(complement(oracle, Wide(p)))), law.upper_quantile(p), law.from_normal(-z));
    }
}

/// Of a law restricted to [a, b]: probabilities of its two sides from those of Boost.Math's law, in extended precision.
template <class Oracle>
struct TruncatedOracle {
    Oracle inside;
    Wide a, b;

    Wide between(Wide s, Wide t) const {
        const Wide below = cdf(inside, t), above = cdf(complement(inside, s));
        const Wide difference = below < above ? below - cdf(inside, s) : above - cdf(complement(inside, t));
        if (difference > 1e-5L * std::min(below, above)) return difference;
        return boost::math::quadrature::gauss<Wide, 20>::integrate([&](Wide x) { return pdf(inside, x); }, s, t);
    }
    Wide below(Wide x) const { return between(a, x) / between(a, b); }
    Wide above(Wide x) const { return between(x, b) / between(a, b); }
    Wide density(Wide x) const { return pdf(inside, x) / between(a, b); }
};

/// Quantiles are right if the oracle finds the probability again, up to what one rounding of x makes of it.
template <class Oracle>
void check_truncated(const Univariate& inside, const Oracle& oracle, double a, double b, double digits = 1e-13) {
    CAPTURE(a);
    CAPTURE(b);
    const Truncated law(inside, a, b);
    const TruncatedOracle<Oracle> truth{oracle, a, b};
    for (const double p : {1e-300, 1e-100, 1e-30, 1e-12, 1e-3, 0.05, 0.2, 0.5}) {
        CAPTURE(p);
        const double z = static_cast<double>(quantile(standard, Wide(p)));
        const auto check = [&](double x, double by_score, Wide found, double mine) {
            CAPTURE(x);
            REQUIRE((x >= a && x <= b));
            if (x == a || x == b) return;   // p is lost in the rounding of x
            const double rounding = 4e-16 * std::abs(x) * static_cast<double>(truth.density(x)) / p;
            const double tolerance = digits * (1 - std::log(p));
            CHECK(std::abs(static_cast<double>(found / p - 1)) <= tolerance + rounding);
            CHECK(std::abs(by_score - x) <= tolerance * std::max(std::abs(x), 1.0));
            CHECK(std::abs(mine / static_cast<double>(found) - 1) <= tolerance + rounding);
            const double log_density = static_cast<double>(std::log(truth.density(x)));   // a difference of two that may be large
            CHECK(std::abs(law.log_density(x) - log_density) <= digits * (1 + std::abs(law.log_probability())));
        };
        const double low = law.quantile(p), high = law.upper_quantile(p);
        check(low, law.from_normal(z), truth.below(low), law.cdf(low));
        check(high, law.from_normal(-z), truth.above(high), law.ccdf(high));
        if (low > a && low < b) CHECK(std::abs(law.to_normal(low) - z) <= 1e-13 * (1 + std::abs(z)) + 1e-15 * std::abs(low) * static_cast<double>(truth.density(low)) / p);
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
    check_against(Uniform(-2, 0), boost::math::uniform_distribution<Wide>(-2, 0));
    check_against(Gumbel(1013, 558), boost::math::extreme_value_distribution<Wide>(1013, 558));
    check_against(Gumbel(-0.5, 0.25), boost::math::extreme_value_distribution<Wide>(-0.5, 0.25));
    check_against(Triangular(1, 2, 5), boost::math::triangular_distribution<Wide>(1, 2, 5));
    check_against(Triangular(0, 7, 8), boost::math::triangular_distribution<Wide>(0, 7, 8));
    check_against(Triangular(-8, -7, 0), boost::math::triangular_distribution<Wide>(-8, -7, 0));
}

TEST_CASE("a triangular law with its mode at an end keeps its digits there") {
    for (const double p : {1e-300, 1e-100, 1e-12, 0.3, 0.9}) {
        CAPTURE(p);
        const double x = static_cast<double>(-Wide(3) * std::expm1(std::log1p(-Wide(p)) / 2));   // cdf = 1 - (1 - x / 3)^2
        CHECK(Triangular(0, 0, 3).cdf(x) == near(p, 1e-15));
        CHECK(Triangular(0, 0, 3).quantile(p) == near(x, 1e-14));
        CHECK(Triangular(-3, 0, 0).ccdf(-x) == near(p, 1e-15));
        CHECK(Triangular(-3, 0, 0).upper_quantile(p) == near(-x, 1e-14));
        CHECK(Triangular(-3, 0, 0).from_normal(static_cast<double>(-quantile(standard, Wide(p)))) == near(-x, 1e-12));
    }
}

TEST_CASE("a truncated law agrees with Boost.Math: across the middle, in a tail, where the tail underflows") {
    for (const auto& [a, b] : std::vector<std::pair<double, double>>{
             {-1, 2}, {0, infinity}, {-infinity, 0}, {0.3, 0.3001}, {-1e-9, 1e-9}, {10, 11}, {-31, -30}, {10, infinity}, {36, 40},
             {50, infinity}, {-infinity, -45}, {-80, -79.5}})
        check_truncated(Normal(), standard, a, b);
    const boost::math::extreme_value_distribution<Wide> gumbel(1013, 558);
    for (const auto& [a, b] : std::vector<std::pair<double, double>>{{500, 3000}, {0, infinity}, {2e5, infinity}, {-infinity, -3000}, {-3100, -3000}})
        check_truncated(Gumbel(1013, 558), gumbel, a, b, 1e-12);
    for (const auto& [a, b] : std::vector<std::pair<double, double>>{{1.5, 1.9}, {1.5, 4}, {1.9999, 2.0001}, {4.9, 6}})
        check_truncated(Triangular(1, 2, 5), boost::math::triangular_distribution<Wide>(1, 2, 5), a, std::min(b, 5.0));
}

TEST_CASE("truncating a uniform law gives a uniform law; truncating twice the common interval") {
    const Truncated law(Uniform(-1, 1), 0, 5);
    CHECK(law.log_density(0.5) == 0);
    CHECK(law.quantile(1e-300) == near(1e-300, 1e-15));
    CHECK(law.support().upper == 1);
    CHECK(law.upper() == 5);
    const Truncated once(Normal(), -1, 2), twice(Truncated(Normal(), -1, 3), -2, 2);
    for (const double p : {0.0, 0.1, 0.5, 0.9, 1.0}) CHECK(twice.quantile(p) == once.quantile(p));
    CHECK(twice.log_density(0.7) == once.log_density(0.7));
}

TEST_CASE("moments of truncated laws match their closed forms") {
    const Truncated half(Normal(), 0, infinity), both(Normal(1, 2), -1, 2), far(Normal(), 50, infinity);
    CHECK(half.mean() == near(std::sqrt(2 / std::numbers::pi), 1e-13));
    CHECK(half.variance() == near(1 - 2 / std::numbers::pi, 1e-13));
    const Wide a = -1, b = 0.5, mass = cdf(standard, b) - cdf(standard, a);   // (x - 1) / 2 at the ends
    const Wide shift = (pdf(standard, a) - pdf(standard, b)) / mass;
    CHECK(both.mean() == near(1 + 2 * shift, 1e-13));
    CHECK(both.variance() == near(4 * (1 + (a * pdf(standard, a) - b * pdf(standard, b)) / mass - shift * shift), 1e-12));
    const Wide hazard = pdf(standard, Wide(50)) / cdf(complement(standard, Wide(50)));
    CHECK(far.mean() == near(hazard, 1e-14));
    CHECK(far.variance() == near(1 + hazard * (50 - hazard), 1e-9));   // 1 - 0.9996
    // density proportional to x on [0, 1], then 1 - (x - 1) / 3 on [1, 2.5]: exact integrals of polynomials
    const Truncated kinked(Triangular(0, 1, 4), 0, 2.5);
    const double total = 0.5 + 1.125, first = 1.0 / 3 + (4.0 / 3 * 5.25 / 2 - 14.625 / 9), second = 0.25 + (4.0 / 3 * 14.625 / 3 - (39.0625 - 1) / 12);
    CHECK(kinked.mean() == near(first / total, 1e-13));
    CHECK(kinked.variance() == near(second / total - first * first / total / total, 1e-12));
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

TEST_CASE("Gumbel::from_moments has the mean and standard deviation that were asked for") {
    const Gumbel law = Gumbel::from_moments(1335, 715);
    CHECK(law.mean() == near(1335, 1e-15));
    CHECK(std::sqrt(law.variance()) == near(715, 1e-15));
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
        for (const double value : {law.log_density(nan), law.cdf(nan), law.ccdf(nan), law.quantile(nan), law.upper_quantile(nan),
                                   law.to_normal(nan), law.from_normal(nan)})
            CHECK(std::isnan(value));
    };
    check(Normal());
    check(LogNormal());
    check(Uniform());
    check(Gumbel());
    check(Triangular(0, 1, 3));
    check(Truncated(Normal(), -1, 2));
    check(Truncated(Normal(), 50));
}

TEST_CASE("laws refuse bad parameters with name, argument and value") {
    CHECK(message([] { Normal(0, -1); }) == "Normal: sd must be positive and finite, got -1");
    CHECK(message([] { LogNormal(0, 0); }) == "LogNormal: sigma must be positive and finite, got 0");
    CHECK(message([] { LogNormal(std::nan(""), 1); }) == "LogNormal: mu must be finite, got nan");
    CHECK(message([] { LogNormal::from_moments(-2, 1); }) == "LogNormal::from_moments: mean must be positive and finite, got -2");
    CHECK(message([] { Uniform(1, 1); }) == "Uniform: upper must be finite and above lower = 1, got 1");
    CHECK(message([] { Gumbel(0, -2); }) == "Gumbel: scale must be positive and finite, got -2");
    CHECK(message([] { Gumbel::from_moments(1, 0); }) == "Gumbel::from_moments: sd must be positive and finite, got 0");
    CHECK(message([] { Triangular(0, 3, 2); }) == "Triangular: mode must lie in [lower, upper] = [0, 2], got 3");
    CHECK(message([] { Triangular(0, 0, 0); }) == "Triangular: upper must be finite and above lower = 0, got 0");
    CHECK(message([] { Truncated(Normal(), 2, 1); }) == "Truncated: lower must be below upper, got lower = 2, upper = 1");
    CHECK(message([] { Truncated(Uniform(), 2, 3); }) == "Truncated: the law must give [lower, upper] a probability, got lower = 2, upper = 3");
    CHECK(message([] { Uniform(-1.5e308, 1.5e308); }) == "Uniform: upper - lower must be finite, got lower = -1.5e+308, upper = 1.5e+308");
}

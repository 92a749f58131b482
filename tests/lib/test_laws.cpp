#include <buffon/laws/univariate.hpp>

#include <buffon/stream.hpp>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/cauchy.hpp>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/extreme_value.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/logistic.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/distributions/triangular.hpp>
#include <boost/math/distributions/uniform.hpp>
#include <boost/math/distributions/weibull.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../refusal.hpp"

using namespace buffon;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
using Wide = long double;
const boost::math::normal_distribution<Wide> standard;

doctest::Approx near(Wide value, double tolerance) {
    return doctest::Approx(static_cast<double>(value)).epsilon(tolerance).scale(0);
}

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
    CHECK(std::abs(law.to_normal(x) - static_cast<double>(score)) <=
          tolerance * std::max(1.0, std::abs(static_cast<double>(score))));
}

/// At the oracle's quantiles in both tails, down to 1e-300, as far as they are inside the support after rounding.
template <class Law, class Oracle>
void check_against(const Law& law, const Oracle& oracle, double digits = 1e-14) {
    CHECK(std::abs(law.mean() - static_cast<double>(mean(oracle))) <= 1e-14 * std::abs(law.mean()));
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
        const auto or_else = [&](const auto& exact, double mine) {   // Boost's search may end in an exception
            try {
                return static_cast<double>(exact());
            } catch (const std::exception&) {
                if (mine > support.lower && mine < support.upper)
                    CHECK(std::min(law.cdf(mine), law.ccdf(mine)) == near(p, 10 * tolerance));
                return mine;
            }
        };
        const double low = law.quantile(p), high = law.upper_quantile(p);
        check(or_else([&] { return quantile(oracle, Wide(p)); }, low), low, law.from_normal(z));
        check(or_else([&] { return quantile(complement(oracle, Wide(p))); }, high), high, law.from_normal(-z));
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
        if (low > a && low < b)
            CHECK(std::abs(law.to_normal(low) - z) <=
                  1e-13 * (1 + std::abs(z)) + 1e-15 * std::abs(low) * static_cast<double>(truth.density(low)) / p);
    }
}

template <class Law>
double worst_round_trip(const Law& law, double low, double high) {
    double worst = 0;
    for (double u = low; u <= high; u += 0.0625) worst = std::max(worst, std::abs(law.to_normal(law.from_normal(u)) - u));
    return worst;
}

std::vector<Univariate> every_law() {
    return {Normal(1, 2),
            LogNormal(0.3, 0.5),
            Uniform(-1, 2),
            Exponential(0.5),
            Gamma(2.5, 0.5),
            Beta(2, 3, -1, 1),
            Weibull(1.8, 2, 0.5),
            Gumbel(1, 0.5),
            Triangular(-1, 1, 2),
            StudentT(7, 1, 0.5),
            Logistic(1, 0.5),
            Truncated(Normal(), 1.5),
            Truncated(Gamma(2), 0.5, 4),
            Histogram({-1, 0, 1, 2}, {2, 1, 4})};
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
    check_against(Exponential(0.25), boost::math::exponential_distribution<Wide>(0.25));
    for (const double shape : {0.7, 1.0, 2.5, 40.0})
        check_against(Weibull(shape, 3), boost::math::weibull_distribution<Wide>(shape, 3));
    check_against(Logistic(-2, 0.5), boost::math::logistic_distribution<Wide>(-2, 0.5));
    for (const double shape : {0.02, 0.5, 1.0, 3.0, 50.0, 1e5}) {
        CAPTURE(shape);
        check_against(Gamma(shape, 2), boost::math::gamma_distribution<Wide>(shape, 2),
                      std::max(2e-14, 2e-14 / shape));   // x is a power 1 / shape of p
    }
    for (const auto& [a, b] : std::vector<std::pair<double, double>>{
             {0.5, 0.5}, {1, 1}, {1, 3}, {2, 5}, {0.1, 4}, {30, 2}, {200, 300}, {5000, 5000}}) {
        CAPTURE(a);
        check_against(Beta(a, b), boost::math::beta_distribution<Wide>(a, b), 5e-14);
    }
    for (const double df : {2.5, 3.0, 7.0, 30.0, 1e4}) {
        CAPTURE(df);
        check_against(StudentT(df), boost::math::students_t_distribution<Wide>(df), 5e-14);
    }
    check_against(Triangular(1, 2, 5), boost::math::triangular_distribution<Wide>(1, 2, 5));
    check_against(Triangular(0, 7, 8), boost::math::triangular_distribution<Wide>(0, 7, 8));
    check_against(Triangular(-8, -7, 0), boost::math::triangular_distribution<Wide>(-8, -7, 0));
}

TEST_CASE("laws without a second moment agree with Boost.Math in both tails") {
    for (const double df : {0.3, 1.0, 1.7, 2.0}) {
        CAPTURE(df);
        const StudentT law(df, 0, 1);
        const boost::math::students_t_distribution<Wide> oracle(df);
        for (const double p : {1e-80, 1e-30, 1e-12, 1e-3, 0.05, 0.3}) {
            CAPTURE(p);
            const auto x = static_cast<double>(quantile(complement(oracle, Wide(p))));
            CHECK(law.upper_quantile(p) == near(x, 1e-13 * (1 - std::log(p)) / df));
            CHECK(law.quantile(p) == -law.upper_quantile(p));
            CHECK(law.ccdf(x) == near(cdf(complement(oracle, Wide(x))), 1e-13));
            CHECK(law.cdf(-x) == law.ccdf(x));
        }
        CHECK(std::isnan(law.mean()) == (df <= 1));
        CHECK(std::isnan(law.variance()) == (df <= 1));
        CHECK((df <= 1 || std::isinf(law.variance())));
    }
    const boost::math::cauchy_distribution<Wide> cauchy;   // tails are 1 / (pi x): no square of x may overflow
    for (const double x : {1e9, 1e100, 1e200, 1e300}) {
        CAPTURE(x);
        CHECK(StudentT(1).ccdf(x) == near(1 / (Wide(std::numbers::pi) * x), 1e-13));
        CHECK(StudentT(1).log_density(x) == near(-std::log(std::numbers::pi) - 2 * std::log(x), 1e-14));
        CHECK(StudentT(1).from_normal(StudentT(1).to_normal(x)) == near(x, 1e-12));
    }
}

TEST_CASE("gamma, beta and t quantiles keep to Boost.Math all over the range of uniforms") {
    double worst = 0;
    const auto compare = [&](const auto& law, const auto& oracle, double scale) {
        for (double p = 1e-9; p < 0.5; p += 0.083) {
            for (const auto& [mine, exact] : {std::pair{law.quantile(p), quantile(oracle, Wide(p))},
                                              std::pair{law.upper_quantile(p), quantile(complement(oracle, Wide(p)))}})
                worst = std::max(worst, static_cast<double>(std::abs(mine - exact) / std::max(std::abs(exact), Wide(scale))));
        }
    };
    for (const double shape : {0.05, 0.3, 1.0, 4.0, 1e3, 1e6})
        compare(Gamma(shape), boost::math::gamma_distribution<Wide>(shape), 0);
    for (const double a : {0.1, 2.0, 300.0})
        for (const double b : {0.2, 1.0, 60.0}) compare(Beta(a, b), boost::math::beta_distribution<Wide>(a, b), 0);
    for (const double df : {0.5, 1.0, 3.0, 20.0, 1e6}) compare(StudentT(df), boost::math::students_t_distribution<Wide>(df), 1);
    CHECK(worst < 1e-12);
}

TEST_CASE("gamma, beta and t laws have scores where their tails underflow: density and score belong together") {
    // d/dz log P(Z < z) equals d/dz log of the law's tail: its density at from_normal(z), times the slope
    const auto check = [](const auto& law) {
        for (const double z : {-60.0, -45.0, -38.5, 38.5, 45.0, 60.0}) {
            CAPTURE(z);
            const double x = law.from_normal(z);
            const Support support = law.support();
            if (std::min(x - support.lower, support.upper - x) < 1e-3 * std::abs(x) || x == support.lower)
                continue;   // rounded beside an end
            CHECK(law.to_normal(x) == near(z, 1e-11));
            const double h = 1e-4, slope = (law.from_normal(z + h) - law.from_normal(z - h)) / (2 * h);
            CHECK(law.log_density(x) + std::log(slope) == near(-0.5 * z * z - half_log_two_pi, 1e-7));
        }
    };
    for (const double shape : {0.5, 3.0, 400.0, 1e5}) check(Gamma(shape, 2));
    check(Beta(300, 500));
    check(Beta(40, 60));
    check(Beta(1e4, 3e4));
    check(StudentT(1e3));
    check(StudentT(1e5));
    check(Weibull(3));
    check(Logistic());
    check(Exponential());
    check(Gumbel());
}

TEST_CASE("a histogram is piecewise uniform, empty bins included") {
    const Histogram law({-1, 0, 2, 3, 7}, {2, 3, 0, 5});
    CHECK(law.cdf(-0.5) == near(0.1, 1e-15));
    CHECK(law.cdf(1) == near(0.35, 1e-15));
    CHECK(law.cdf(2.5) == near(0.5, 1e-15));
    CHECK(law.ccdf(5) == near(0.25, 1e-15));
    CHECK(law.log_density(1) == near(std::log(0.15), 1e-15));
    CHECK(law.log_density(2.5) == -infinity);
    CHECK(law.log_density(7) == near(std::log(0.125), 1e-15));
    CHECK(law.log_density(7.5) == -infinity);
    for (const double p : {1e-9, 0.1, 0.2, 0.35, 0.499, 0.501, 0.8, 1 - 1e-9, 1.0}) {
        CAPTURE(p);
        CHECK(std::abs(law.cdf(law.quantile(p)) - p) < 1e-15);   // x beside -1 and 7 has that much rounding
        CHECK(std::abs(law.ccdf(law.upper_quantile(p)) - p) < 1e-15);
    }
    CHECK(law.quantile(0.501) > 3);
    CHECK(law.quantile(0.499) < 2);
    CHECK(Histogram({0, 1, 2}, {1, 3}).to_normal(1e-200) == near(quantile(standard, Wide(0.25e-200)), 1e-14));
    CHECK(Histogram({-2, -1, 0}, {3, 1}).ccdf(-1e-200) == near(0.25e-200, 1e-15));
    CHECK(Histogram({-2, -1, 0}, {3, 1}).from_normal(static_cast<double>(-quantile(standard, Wide(0.25e-200)))) ==
          near(-1e-200, 1e-11));
    // E X = 0.2 (-0.5) + 0.3 (1) + 0.5 (5); E X^2 from the integrals of x^2
    CHECK(law.mean() == near(2.7, 1e-15));
    CHECK(law.variance() == near(0.2 / 3 + 0.3 * 4.0 / 3 + 0.5 * (343 - 27) / 12.0 - 2.7 * 2.7, 1e-14));
    const Histogram inner({0, 1, 2, 3, 4}, {0, 1, 2, 0});
    CHECK(inner.support().lower == 1);
    CHECK(inner.support().upper == 3);
    const Truncated cut(law, -0.5, 5);   // 0.1, 0.3, 0, 0.25
    CHECK(cut.cdf(2) == near(0.4 / 0.65, 1e-15));
    CHECK(cut.mean() == near((0.1 * -0.25 + 0.3 + 0.25 * 4) / 0.65, 1e-13));
    CHECK(std::exp(cut.log_probability()) == near(0.65, 1e-14));
}

TEST_CASE("densities integrate to the distribution function, and moments are integrals, for every law") {
    for (const Univariate& law : every_law())
        std::visit([](const auto& l) {
            using Rule = boost::math::quadrature::gauss_kronrod<double, 31>;
            std::vector<double> ends;   // octiles, out to where the rest carries no moment; kinks of the laws below are on them
            for (int i = -36; i <= 36; ++i) ends.push_back(l.from_normal(0.25 * i));
            for (const double kink : {0.0, 1.0, 2.0}) ends.push_back(std::clamp(kink, ends.front(), ends[72]));
            std::sort(ends.begin(), ends.end());
            double mass = 0, first = 0, second = 0;
            const double centre = l.quantile(0.5);
            for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
                if (!(ends[i] < ends[i + 1])) continue;
                const double middle = 0.5 * (ends[i] + ends[i + 1]), half = middle - ends[i];
                const auto moment = [&](int power) {
                    return Rule::integrate([&](double t) {
                        const double x = middle + half * t;
                        return half * std::pow(x - centre, power) * std::exp(l.log_density(x));
                    }, -1.0, 1.0, 0);
                };
                const double share = moment(0), wanted = ends[i] < centre ? l.cdf(ends[i + 1]) - l.cdf(ends[i])
                                                                          : l.ccdf(ends[i]) - l.ccdf(ends[i + 1]);
                CHECK(std::abs(share - wanted) < 1e-9);
                mass += share, first += moment(1), second += moment(2);
            }
            CHECK(mass == near(1, 1e-9));
            CHECK(centre + first == doctest::Approx(l.mean()).epsilon(1e-7));
            CHECK(second - first * first == doctest::Approx(l.variance()).epsilon(1e-6));
        }, law);
}

TEST_CASE("scores and probabilities are inverse to each other, monotone, and end at the support, for every law") {
    for (const Univariate& law : every_law())
        std::visit([](const auto& l) {
            const Support support = l.support();
            CHECK(l.quantile(0) == support.lower);
            CHECK(l.quantile(1) == support.upper);
            CHECK(l.upper_quantile(0) == support.upper);
            CHECK(l.from_normal(-infinity) == support.lower);
            CHECK(l.from_normal(infinity) == support.upper);
            CHECK(l.cdf(-infinity) == 0);
            CHECK(l.ccdf(infinity) == 0);
            CHECK(l.to_normal(-infinity) == -infinity);
            CHECK(l.to_normal(infinity) == infinity);
            CHECK(l.log_density(-infinity) == -infinity);
            CHECK(l.log_density(infinity) == -infinity);
            double before = support.lower;
            for (double z = -37; z <= 37; z += 0.37) {
                const double x = l.from_normal(z);
                CHECK((x >= before && x <= support.upper));
                before = x;
                if (x == support.lower || x == support.upper) continue;   // rounded away
                // one rounding of x moves the score by density(x) |x| eps / density(z)
                const double rounding = 4e-16 * std::abs(x) * std::exp(l.log_density(x) + 0.5 * z * z + half_log_two_pi);
                CHECK(std::abs(l.to_normal(x) - z) <= 1e-11 + rounding);
            }
        }, law);
}

TEST_CASE("samples by index have the mean of the law, for every law") {
    const std::int64_t n = 20'000;
    std::int64_t stream = 0;
    for (const Univariate& law : every_law())
        std::visit([&](const auto& l) {
            double sum = 0;
            const double mean = l.mean();
            for (std::int64_t i = 0; i < n; ++i)
                sum += l.quantile(Stream{77, static_cast<std::uint32_t>(stream)}.uniform(i, 0)) - mean;
            ++stream;
            CHECK(std::abs(sum / n) < 4.5 * std::sqrt(l.variance() / n));   // 15 laws: one false alarm in 10,000 keys
        }, law);
}

TEST_CASE("from_moments has the moments that were asked for") {
    for (const double cv : {1e-6, 0.08, 0.7, 3.0}) {
        CAPTURE(cv);
        const auto check = [&](const auto& law) {
            CHECK(law.mean() == near(556.8, 1e-12));
            CHECK(std::sqrt(law.variance()) / law.mean() == near(cv, 1e-9));
        };
        check(Gamma::from_moments(556.8, cv));
        check(Weibull::from_moments(556.8, cv));
    }
    CHECK(Beta::from_moments(3, 0.5, 1, 4).mean() == near(3, 1e-15));
    CHECK(std::sqrt(Beta::from_moments(3, 0.5, 1, 4).variance()) == near(0.5, 1e-14));
    CHECK(Exponential::from_mean(4).mean() == near(4, 1e-15));
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
    for (const auto& [a, b] : std::vector<std::pair<double, double>>{
             {500, 3000}, {0, infinity}, {2e5, infinity}, {-infinity, -3000}, {-3100, -3000}})
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
    const double total = 0.5 + 1.125, first = 1.0 / 3 + (4.0 / 3 * 5.25 / 2 - 14.625 / 9),
                 second = 0.25 + (4.0 / 3 * 14.625 / 3 - (39.0625 - 1) / 12);
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
    CHECK(LogNormal::from_moments(1, 1e-9).sigma() ==
          doctest::Approx(1e-9).epsilon(1e-15).scale(0));   // log(1 + cv^2) would be 0
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
    check(Exponential());
    check(Gamma(2));
    check(Beta(2, 3));
    check(Weibull(1));
    check(Weibull(2, 3, 1));
    check(Gumbel());
    check(Triangular(0, 1, 3));
    check(StudentT(4));
    check(Logistic());
    check(Histogram({0, 1, 3}, {1, 2}));
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
    CHECK(message([] { Exponential(0); }) == "Exponential: rate must be positive and finite, got 0");
    CHECK(message([] { Gamma(-1, 2); }) == "Gamma: shape must be positive and finite, got -1");
    CHECK(message([] { Gamma(1, infinity); }) == "Gamma: scale must be positive and finite, got inf");
    CHECK(message([] { Beta(0, 2); }) == "Beta: a must be positive and finite, got 0");
    CHECK(message([] { Beta(1, 2, 3, 3); }) == "Beta: upper must be finite and above lower = 3, got 3");
    CHECK(message([] { Beta::from_moments(0.5, 0.5); }) == "Beta::from_moments: sd must be positive and below 0.5, got 0.5");
    CHECK(message([] { Weibull(2, -1); }) == "Weibull: scale must be positive and finite, got -1");
    CHECK(message([] { StudentT(0); }) == "StudentT: df must be positive and finite, got 0");
    CHECK(message([] { Logistic(0, 0); }) == "Logistic: scale must be positive and finite, got 0");
    CHECK(message([] { Histogram({0, 1}, {1, 2}); }) == "Histogram: weights must have one entry per bin, 1, got 2");
    CHECK(message([] { Histogram({0, 0}, {1}); }) == "Histogram: edges must ascend, got 0 at 1");
    CHECK(message([] { Histogram({0, 1, 2}, {1, -1}); }) == "Histogram: weights must be finite and not negative, got -1 at 1");
    CHECK(message([] { Histogram({0, 1}, {0}); }) == "Histogram: weights must not all be zero");
    CHECK(message([] { Triangular(0, 3, 2); }) == "Triangular: mode must lie in [lower, upper] = [0, 2], got 3");
    CHECK(message([] { Triangular(0, 0, 0); }) == "Triangular: upper must be finite and above lower = 0, got 0");
    CHECK(message([] { Truncated(Normal(), 2, 1); }) == "Truncated: lower must be below upper, got lower = 2, upper = 1");
    CHECK(message([] { Truncated(Uniform(), 2, 3); }) ==
          "Truncated: the law must give [lower, upper] a probability, got lower = 2, upper = 3");
    CHECK(message([] { Uniform(-1.5e308, 1.5e308); }) ==
          "Uniform: upper - lower must be finite, got lower = -1.5e+308, upper = 1.5e+308");
}

#include <buffon/estimate.hpp>

#include <cmath>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <doctest/doctest.h>

#include "../refusal.hpp"

using namespace buffon;

namespace {

/// Values (2, 5) with errors 0.01, 0.02 and covariance 1e-4.
Estimate pair() {
    Estimate e;
    e.value = {2, 5};
    e.covariance = Matrix(2, 2);
    e.covariance.data = {1e-4, 1e-4, 1e-4, 4e-4};
    e.n = 3000;
    e.names = {"displacement", "stress"};
    e.rng_key = 1;
    return e;
}

Estimate other(std::int64_t n, double degrees) {
    Estimate e = pair();
    e.value = {4, 1};
    e.covariance.data = {9e-4, -2e-4, -2e-4, 1e-4};
    e.n = n;
    e.n_failed = 7;
    e.rng_key = 2;
    e.degrees_of_freedom = degrees;
    e.warnings = {"doubtful"};
    return e;
}

}  // namespace

TEST_CASE("estimate: transform gives ratio, product and logarithm the covariance of the closed-form delta method") {
    const Estimate e = pair().transform(
        [](const std::vector<double>& v) { return std::vector{v[0] / v[1], v[0] * v[1], std::log(v[1])}; }, {"r", "p", "l"});
    const double J[3][2] = {{1 / 5.0, -2 / 25.0}, {5, 2}, {0, 1 / 5.0}};   // by hand
    const Matrix C = pair().covariance;
    for (int a = 0; a < 3; ++a)
        for (int b = 0; b < 3; ++b) {
            double expected = 0;
            for (int i = 0; i < 2; ++i)
                for (int j = 0; j < 2; ++j) expected += J[a][i] * C(i, j) * J[b][j];
            // central differences of relative width 1e-4: error of third derivatives 1e-8
            CHECK(e.covariance(a, b) == doctest::Approx(expected).epsilon(1e-7));
        }
    CHECK(e.value == std::vector{0.4, 10.0, std::log(5.0)});
    CHECK(e.names == std::vector<std::string>{"r", "p", "l"});
    CHECK(e.n == 3000);
}

TEST_CASE("estimate: transform names its values f1, f2 when it is given none, and refuses a wrong number of names") {
    const auto twice = [](const std::vector<double>& v) { return std::vector{v[0], v[0]}; };
    CHECK(pair().transform(twice).names == std::vector<std::string>{"f1", "f2"});
    CHECK(message([&] { (void)pair().transform(twice, {"one"}); }) == "transform: 2 values need as many names, got 1");
}

TEST_CASE("estimate: an error of zero stays zero through a transform") {
    Estimate e = pair();
    e.value = {0, 0};   // the step of the difference must not vanish with value and error
    e.covariance = Matrix(2, 2);
    const Estimate out = e.transform([](const std::vector<double>& v) { return std::vector{3 * v[0] + v[1]}; });
    CHECK(out.covariance(0, 0) == 0);
}

TEST_CASE("estimate: a contrast has the variance that the covariance leaves") {
    const Estimate e = pair().contrast(1, 0);
    CHECK(e.value == std::vector{3.0});
    CHECK(e.covariance(0, 0) == doctest::Approx(1e-4 + 4e-4 - 2e-4).epsilon(1e-14).scale(0));
    CHECK(e.names == std::vector<std::string>{"stress - displacement"});
    CHECK(pair().contrast(0, 0).covariance(0, 0) == 0);
    CHECK(message([] { (void)pair().contrast(0, 2); }) == "contrast: index must be 0 ... 1, got 2");
    CHECK_THROWS_AS((void)pair().contrast(-1, 0), std::invalid_argument);
}

TEST_CASE("estimate: merge weights by evaluations, not by error bars") {
    const Estimate e = pair().merge(other(1000, 15));
    CHECK(e.value[0] == doctest::Approx(0.75 * 2 + 0.25 * 4).epsilon(1e-15));
    CHECK(e.value[1] == doctest::Approx(0.75 * 5 + 0.25 * 1).epsilon(1e-15));
    CHECK(e.covariance(0, 0) == doctest::Approx((9 * 1e-4 + 1 * 9e-4) / 16).epsilon(1e-14));
    CHECK(e.covariance(0, 1) == doctest::Approx((9 * 1e-4 - 1 * 2e-4) / 16).epsilon(1e-14));
    CHECK(e.n == 4000);
    CHECK(e.n_failed == 7);
    CHECK(e.warnings == std::vector<std::string>{"doubtful"});
}

TEST_CASE("estimate: merge takes the degrees of freedom of Welch and Satterthwaite, the smallest over the values") {
    Estimate first = pair();
    first.degrees_of_freedom = 10;
    const Estimate e = first.merge(other(1000, 15));
    const auto welch = [](double u, double v) { return (u + v) * (u + v) / (u * u / 10 + v * v / 15); };
    const double expected = std::min(welch(9e-4 / 16, 9e-4 / 16), welch(36e-4 / 16, 1e-4 / 16));
    CHECK(e.degrees_of_freedom == doctest::Approx(expected).epsilon(1e-13));

    const double u = 9e-4 / 16, v = 9e-4 / 16;   // one side known without limit: only the other counts
    CHECK(pair().merge(other(1000, 15)).degrees_of_freedom == doctest::Approx((u + v) * (u + v) / (v * v / 15)).epsilon(1e-13));
    CHECK(std::isinf(pair().merge(other(1000, INFINITY)).degrees_of_freedom));
}

TEST_CASE("estimate: merge refuses the same key and other names") {
    Estimate same = other(1000, 15);
    same.rng_key = 1;
    CHECK(message([&] { (void)pair().merge(same); }).find("both have rng_key 1") != std::string::npos);
    Estimate renamed = other(1000, 15);
    renamed.names[0] = "x";
    CHECK(message([&] { (void)pair().merge(renamed); }).find("same names") != std::string::npos);
}

TEST_CASE("estimate: intervals are Student's with the degrees of freedom, and normal when those are infinite") {
    for (const double degrees : {1.0, 2.5, 15.0, 1e6})
        for (const double level : {0.5, 0.9, 0.95, 0.999}) {
            CAPTURE(degrees);
            CAPTURE(level);
            Estimate e = pair();
            e.degrees_of_freedom = degrees;
            const double t = boost::math::quantile(boost::math::complement(boost::math::students_t(degrees), (1 - level) / 2));
            const auto [low, high] = e.confidence_interval(level);
            CHECK(high[0] - 2 == doctest::Approx(t * 0.01).epsilon(1e-9));   // 2 + t / 100 loses two digits
            CHECK(5 - low[1] == doctest::Approx(t * 0.02).epsilon(1e-9));
        }
    const double z = boost::math::quantile(boost::math::normal(), 0.975);
    CHECK(pair().confidence_interval().second[0] - 2 == doctest::Approx(z * 0.01).epsilon(1e-9));
    for (const double level : {0.0, 1.0, -0.5, 1.5, std::nan("")})
        CHECK_THROWS_AS((void)pair().confidence_interval(level), std::invalid_argument);
}

TEST_CASE("estimate: index finds a name, and proposes the nearest one for a misspelt name") {
    CHECK(pair().index("stress") == 1);
    const std::string text = message([] { (void)pair().index("displacment"); });
    CHECK(text.find("no value is named 'displacment'") != std::string::npos);
    CHECK(text.find("did you mean 'displacement'?") != std::string::npos);
}

TEST_CASE("estimate: a number is written with the digits that its error leaves") {
    struct Row {
        double value, error;
        const char* text;
    };
    for (const Row& row : {Row{0.04386, 0.00002, "0.04386 ± 0.00002"}, Row{1234.5678, 0.5, "1234.6 ± 0.5"},
                           Row{1234.4, 12, "1234 ± 12"}, Row{1.5e-9, 2e-11, "1.50e-09 ± 2e-11"},
                           Row{-3.25e10, 1e8, "-3.25e+10 ± 1e+08"}, Row{0, 0.01, "0.00 ± 0.01"}, Row{-0.25, 0.03, "-0.25 ± 0.03"},
                           Row{1, 0, "1 ± 0"}, Row{0.9999999, 0.3, "1.0 ± 0.3"}, Row{2.5, std::nan(""), "2.5 ± nan"},
                           Row{-std::nan(""), -std::nan(""), "nan ± nan"}, Row{INFINITY, 1, "inf ± 1"}, Row{1e-6, 3, "0 ± 3"}})
        CHECK(with_error(row.value, row.error) == row.text);
}

TEST_CASE("estimate: the text of a share without a hit is its interval") {
    Estimate e;
    e.value = {0.0, 0.5};
    e.names = {"none", "half"};
    e.covariance = Matrix(2, 2);
    e.covariance(1, 1) = 1e-4;
    e.n = 500;
    e.bounds = {{0.95}, Matrix(2, 1), Matrix(2, 1)};
    e.bounds.high(0, 0) = 0.00738, e.bounds.low(1, 0) = 0.48, e.bounds.high(1, 0) = 0.52;
    CHECK(e.text() == "none  0 (0 to 0.0074)\nhalf  0.50 ± 0.01\n(500 evaluations)");
}

TEST_CASE("estimate: the text names what n counts, one of them as one") {
    Estimate e = other(1, 15);
    CHECK(e.text().find("(1 evaluation, 7 failed)") != std::string::npos);
    e.diagnostics["counted"] = std::string("rows");
    CHECK(e.text().find("(1 row, 7 failed)") != std::string::npos);
    CHECK(e.contrast(0, 1).text().ends_with(" (1 row, 7 failed)\nwarning: doubtful"));
}

TEST_CASE("estimate: the text has a line per value, the evaluations, the failures and the warnings") {
    CHECK(pair().transform([](const auto& v) { return std::vector{v[0]}; }).text() == "2.00 ± 0.01 (3,000 evaluations)");
    CHECK(other(20'000, 15).text() ==
          "displacement  4.00 ± 0.03\nstress        1.00 ± 0.01\n(20,000 evaluations, 7 failed)\nwarning: doubtful");
}

TEST_CASE("estimate: kurtosis of the errors takes degrees of freedom, value by value") {
    Estimate e = pair();
    e.degrees_of_freedom = 15;
    e.excess_kurtosis = {0.4, -0.2};   // a light tail gives nothing
    const auto [low, high] = e.confidence_interval();
    const auto t = [](double degrees) { return boost::math::quantile(boost::math::students_t(degrees), 0.975); };
    CHECK(high[0] - 2 == doctest::Approx(t(1 / (1 / 15.0 + 0.2)) * 0.01).epsilon(1e-9));
    CHECK(high[1] - 5 == doctest::Approx(t(15) * 0.02).epsilon(1e-9));
    e.degrees_of_freedom = INFINITY;
    CHECK(e.confidence_interval().second[0] - 2 == doctest::Approx(t(5) * 0.01).epsilon(1e-9));
}

TEST_CASE("estimate: what is made of values has the largest kurtosis among them") {
    Estimate e = pair();
    e.excess_kurtosis = {0.4, 0.1};
    const Estimate f = e.transform([](const std::vector<double>& v) { return std::vector{v[1] * v[1], v[0] - v[1]}; });
    CHECK(f.excess_kurtosis == std::vector{0.1, 0.4});
    CHECK(e.contrast(0, 1).excess_kurtosis == std::vector{0.4});
    CHECK(pair().contrast(0, 1).excess_kurtosis.empty());
}

TEST_CASE("estimate: merged errors have the kurtosis of a sum of independent ones") {
    Estimate e = pair();
    e.excess_kurtosis = {0.4, 0.1};
    const double u = 9e-4 / 16, v = 9e-4 / 16;   // variances of 3/4 of the first and 1/4 of the second
    CHECK(e.merge(other(1000, INFINITY)).excess_kurtosis[0] == doctest::Approx(0.4 * u * u / ((u + v) * (u + v))).epsilon(1e-13));
    CHECK(pair().merge(other(1000, 15)).excess_kurtosis.empty());
}

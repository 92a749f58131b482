#include <buffon/estimate.hpp>

#include <cmath>

#include <boost/math/distributions/students_t.hpp>
#include <doctest/doctest.h>

#include <buffon/distribution.hpp>
#include <buffon/moments.hpp>
#include <buffon/multivariate_normal.hpp>
#include <buffon/stream.hpp>

#include "../refusal.hpp"

using namespace buffon;

namespace {

/// Values named y, z, h, g.
Estimate four() {
    Estimate e;
    e.value = {2, 5, 0.3, 1};
    e.names = {"y", "z", "h", "g"};
    e.covariance = Matrix(4, 4);
    e.covariance.data = {4, 1, 2, 0.5, 1, 3, -1, 0.2, 2, -1, 1.5, 0, 0.5, 0.2, 0, 0.25};
    e.n = 101;
    e.diagnostics["pareto_k"] = std::vector<double>{0.1, 0.2, 0.3, 0.4};
    e.diagnostics["alpha"] = std::vector<double>{1, 2, 3, 4};
    return e;
}

const std::vector<double>& numbers(const Estimate& e, const char* name) {
    return std::get<std::vector<double>>(e.diagnostics.at(name));
}

/// An estimate from these replicates, one a row, as every estimator makes it.
Estimate from(const Matrix& replicates) {
    const Moments m{ConstView(replicates)};
    Estimate e;
    e.value = m.mean;
    e.covariance = m.covariance();
    for (double& c : e.covariance.data) c /= static_cast<double>(m.n);
    e.n = 1'000 * m.n;
    e.degrees_of_freedom = static_cast<double>(m.n - 1);
    for (std::int64_t j = 0; j < e.size(); ++j) e.names.push_back("v" + std::to_string(j));
    return e;
}

}  // namespace

TEST_CASE("given: one known mean moves and narrows the others as their covariance says") {
    const Estimate e = four().given({{"h", 0.0}});
    const double wider = 100.0 / 99 * (1 + 0.3 * 0.3 / 1.5 / 100);   // 100 degrees of freedom, one spent
    CHECK(e.names == std::vector<std::string>{"y", "z", "g"});
    CHECK(e.value[0] == doctest::Approx(2 - 2 / 1.5 * 0.3));
    CHECK(e.value[1] == doctest::Approx(5 + 1 / 1.5 * 0.3));
    CHECK(e.value[2] == doctest::Approx(1));   // not correlated
    CHECK(e.covariance(0, 0) == doctest::Approx((4 - 4 / 1.5) * wider));
    CHECK(e.covariance(0, 1) == doctest::Approx((1 + 2 / 1.5) * wider));
    CHECK(e.covariance(1, 0) == e.covariance(0, 1));
    CHECK(e.degrees_of_freedom == 99);
    CHECK(numbers(e, "coefficients")[0] == doctest::Approx(2 / 1.5));
    CHECK(numbers(e, "r_squared")[0] == doctest::Approx(1 / 1.5));
    CHECK(numbers(e, "variance_ratio")[0] == doctest::Approx((1 - 1 / 1.5) * wider));
    CHECK(numbers(e, "control_z")[0] == doctest::Approx(0.3 / std::sqrt(1.5)));
    CHECK(numbers(e, "pareto_k") == std::vector<double>{0.1, 0.2, 0.4});
    CHECK(numbers(e, "alpha").size() == 4);   // of something else
    CHECK(std::get<std::vector<std::string>>(e.diagnostics.at("controls")) == std::vector<std::string>{"h"});
    CHECK(std::get<std::int64_t>(e.diagnostics.at("controls_dropped")) == 0);
    CHECK(e.warnings.empty());
}

TEST_CASE("given: replicates give what least squares of them gives at the known mean") {
    const std::vector<double> h{1, 2, 3, 5, 7, 11}, y{2.5, 3, 5.5, 9, 13, 23};
    Matrix rows(6, 2);
    for (std::int64_t i = 0; i < 6; ++i) {
        rows(i, 0) = y[static_cast<std::size_t>(i)];
        rows(i, 1) = h[static_cast<std::size_t>(i)];
    }
    const double at = 4;
    // sums: h 29, y 56, h^2 209, hy 414
    const double sxx = 209 - 29.0 * 29 / 6, sxy = 414 - 29.0 * 56 / 6, slope = sxy / sxx, intercept = 56.0 / 6 - slope * 29 / 6;
    double squares = 0;
    for (std::size_t i = 0; i < 6; ++i) squares += std::pow(y[i] - intercept - slope * h[i], 2);
    const double variance = squares / 4 * (1.0 / 6 + std::pow(29.0 / 6 - at, 2) / sxx);

    const Estimate e = from(rows).given({{"v1", at}});
    CHECK(e.value[0] == doctest::Approx(intercept + slope * at).epsilon(1e-12));
    CHECK(e.covariance(0, 0) == doctest::Approx(variance).epsilon(1e-10));
    CHECK(e.degrees_of_freedom == 4);
}

TEST_CASE("given: with normal replicates, few of them, 95 % intervals cover 95 %") {
    // y = 2 h - g + noise: eight replicates, two controls
    const Distribution law = MultivariateNormal({1, 0, 0}, [] {
        Matrix c(3, 3);
        c.data = {6, 2, -1, 2, 1, 0, -1, 0, 1};
        return c;
    }());
    constexpr int runs = 4'000;
    int covered = 0;
    double sum = 0, squares = 0;
    Matrix rows(8, 3);
    for (int r = 0; r < runs; ++r) {
        law.sample(Stream{5, 0}, 8 * r, rows);
        const Estimate e = from(rows).given({{"v1", 0}, {"v2", 0}});
        const auto [low, high] = e.confidence_interval();
        covered += low[0] < 1 && 1 < high[0];
        sum += e.value[0] - 1;
        squares += std::pow(e.value[0] - 1, 2);
    }
    CHECK(std::abs(covered / 4'000.0 - 0.95) < 5 * std::sqrt(0.95 * 0.05 / runs));
    CHECK(std::abs(sum) < 5 * std::sqrt(squares));   // linear: unbiased
    // E residual variance / R * (R - 2) / (R - k - 2): Lavenberg, Moeller, Welch (1982)
    CHECK(squares / runs == doctest::Approx(1.0 / 8 * 6 / 4).epsilon(0.15));
}

TEST_CASE("given: a control that repeats others is dropped, and changes nothing") {
    Estimate e = four();
    e.value.push_back(1.3);
    e.names.push_back("sum");
    const Matrix c = e.covariance;
    e.covariance = Matrix(5, 5);
    for (std::int64_t i = 0; i < 4; ++i) {
        for (std::int64_t j = 0; j < 4; ++j) e.covariance(i, j) = c(i, j);
        e.covariance(i, 4) = e.covariance(4, i) = c(i, 2) + c(i, 3);
    }
    e.covariance(4, 4) = c(2, 2) + c(3, 3) + 2 * c(2, 3);
    const Estimate two = four().given({{"h", 0.2}, {"g", 0.8}});
    const Estimate three = e.given({{"h", 0.2}, {"g", 0.8}, {"sum", 1.0}});
    CHECK(std::get<std::int64_t>(three.diagnostics.at("controls_dropped")) == 1);
    CHECK(three.degrees_of_freedom == two.degrees_of_freedom);
    for (std::size_t j = 0; j < 2; ++j) CHECK(three.value[j] == doctest::Approx(two.value[j]).epsilon(1e-12));
    for (std::size_t j = 0; j < 4; ++j) CHECK(three.covariance.data[j] == doctest::Approx(two.covariance.data[j]).epsilon(1e-12));
}

TEST_CASE("given: a mean that the sample contradicts is named") {
    const Estimate e = four().given({{"h", 0.3}, {"g", 5}});
    CHECK(numbers(e, "control_z")[1] == doctest::Approx(-8));
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0] == "the given mean of 'g' looks wrong: the sample says 1.0 ± 0.5, given was 5");
}

TEST_CASE("given: controls that take most of the error of few replicates warn of a short interval; of many points they do not") {
    Estimate e = four();
    e.degrees_of_freedom = 17;
    const Estimate strong = e.given({{"h", 0.0}});
    REQUIRE(strong.warnings.size() == 1);
    CHECK(strong.warnings[0].starts_with("'y': the controls take most of the error of 18 replicate means"));
    e.covariance(0, 2) = e.covariance(2, 0) = 0.1;
    CHECK(e.given({{"h", 0.0}}).warnings.empty());
    e = four();
    e.degrees_of_freedom = std::numeric_limits<double>::infinity();
    CHECK(e.given({{"h", 0.0}}).warnings.empty());
}

TEST_CASE("given: a value without error says nothing of the others, and must be what is known") {
    Estimate e = four();
    for (std::int64_t i = 0; i < 4; ++i) e.covariance(i, 2) = e.covariance(2, i) = 0;
    e.covariance(2, 2) = 1e-36;   // 0.3 summed in another order
    const Estimate right = e.given({{"h", 0.3 + 1e-16}});
    CHECK(right.value == std::vector<double>{2, 5, 1});
    CHECK(right.covariance(0, 0) == 4);
    CHECK(std::get<std::int64_t>(right.diagnostics.at("controls_dropped")) == 1);
    CHECK(right.warnings.empty());
    const Estimate wrong = e.given({{"h", 0.31}});
    CHECK(wrong.value == std::vector<double>{2, 5, 1});
    CHECK(wrong.warnings.size() == 1);
}

TEST_CASE("given: what cancels leaves a variance of 0, not a negative one") {
    Matrix rows(20, 2);
    for (std::int64_t i = 0; i < 20; ++i) {
        rows(i, 1) = std::sin(static_cast<double>(i));
        rows(i, 0) = 1e6 + rows(i, 1) / 3;
    }
    const Estimate e = from(rows).given({{"v1", 0}});
    CHECK(e.value[0] == doctest::Approx(1e6).epsilon(1e-12));
    CHECK(e.std_error()[0] < 1e-8);
}

TEST_CASE("given and without: what cannot be is refused in words") {
    CHECK(message([] { four().given({}); }) == "given: means must hold at least one name");
    CHECK(message([] { four().given({{"hh", 0}}); }) == "Estimate: no value is named 'hh'; did you mean 'h'?");
    CHECK(message([] { four().given({{"h", 0}, {"h", 0}}); }) == "given: 'h' is named twice");
    CHECK(message([] { four().given({{"h", std::nan("")}}); }) == "given: the mean of 'h' must be finite, got nan");
    CHECK(message([] { four().given({{"h", 0}, {"g", 0}, {"y", 0}, {"z", 0}}); }) == "given: nothing is left to estimate");
    Estimate few = four();
    few.degrees_of_freedom = 2;
    CHECK(message([&] { few.given({{"h", 0}, {"g", 0}}); }) ==
          "given: 2 known means leave nothing of 2 degrees of freedom; more replicates or fewer means");
    CHECK(message([] { four().without({"h", "g", "y", "z"}); }) == "without: nothing is left of 4 values");
    const Estimate e = four().without({"z", "h"});
    CHECK(e.names == std::vector<std::string>{"y", "g"});
    CHECK(e.value == std::vector<double>{2, 1});
    CHECK(e.covariance.data == std::vector<double>{4, 0.5, 0.5, 0.25});
}

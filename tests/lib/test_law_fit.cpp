#include <buffon/law_fit.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace buffon;

namespace {

std::vector<double> drawn(const Univariate& law, int n, std::uint64_t key) {
    std::vector<double> out;
    for (int i = 0; i < n; ++i)
        out.push_back(std::visit([&](const auto& l) { return l.quantile(Stream{key, 0}.uniform(i, 0)); }, law));
    return out;
}

struct Case {
    std::string family;
    Univariate law;
    std::vector<double> truth;
};

std::vector<Case> cases() {
    return {{"Normal", Normal(3, 2), {3, 2}},
            {"LogNormal", LogNormal(-1, 0.4), {-1, 0.4}},
            {"Exponential", Exponential(0.02), {0.02}},
            {"Gamma", Gamma(2.5, 30), {2.5, 30}},
            {"Weibull", Weibull(0.7, 5), {0.7, 5}},
            {"Gumbel", Gumbel(1013, 558), {1013, 558}},
            {"Logistic", Logistic(-2, 0.1), {-2, 0.1}},
            {"StudentT", StudentT(4, 1, 2), {4, 1, 2}},
            {"Beta", Beta(0.8, 3), {0.8, 3}}};
}

}  // namespace

TEST_CASE("fit_law: every family finds the parameters of its sample within the stated standard errors") {
    for (const auto& [family, law, truth] : cases()) {
        const LawFit fit = fit_law(family, drawn(law, 2000, 12));
        CAPTURE(family);
        REQUIRE(fit.values.size() == truth.size());
        for (std::size_t i = 0; i < truth.size(); ++i) {   // 18 parameters at |z| < 4.5
            const double error = std::sqrt(fit.covariance(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i)));
            CAPTURE(fit.parameters[i]);
            CHECK(std::abs(fit.values[i] - truth[i]) < 4.5 * error);
            CHECK(error < 0.2 * std::abs(truth[i]));
        }
    }
}

TEST_CASE("fit_law: the stated standard errors are those of repeated samples") {
    for (const auto& [family, law, truth] : cases()) {
        if (family == "StudentT") continue;   // df is skewed at n = 300
        const int repeats = 200;
        std::vector<double> square(truth.size(), 0.0);
        for (int r = 0; r < repeats; ++r) {
            const LawFit fit = fit_law(family, drawn(law, 300, 1000 + static_cast<std::uint64_t>(r)));
            for (std::size_t i = 0; i < truth.size(); ++i) {
                const auto k = static_cast<std::int64_t>(i);
                square[i] += (fit.values[i] - truth[i]) * (fit.values[i] - truth[i]) / fit.covariance(k, k) / repeats;
            }
        }
        CAPTURE(family);
        for (const double s : square) CHECK(std::abs(s - 1) < 5 * std::sqrt(2.0 / repeats));   // chi^2, 15 checks
    }
}

TEST_CASE("fit_law: closed forms of the normal, log-normal and exponential laws") {
    const std::vector<double> x = drawn(LogNormal(0.3, 0.5), 500, 3);
    double mean = 0, log_mean = 0, square = 0;
    for (const double v : x) mean += v / 500, log_mean += std::log(v) / 500;
    for (const double v : x) square += (std::log(v) - log_mean) * (std::log(v) - log_mean) / 500;
    const LawFit log_normal = fit_law("LogNormal", x), exponential = fit_law("Exponential", x);
    CHECK(log_normal.values[0] == doctest::Approx(log_mean).epsilon(1e-8));
    CHECK(log_normal.values[1] == doctest::Approx(std::sqrt(square)).epsilon(1e-8));
    CHECK(log_normal.covariance(0, 0) == doctest::Approx(square / 500).epsilon(1e-5));
    CHECK(log_normal.covariance(1, 1) == doctest::Approx(square / 1000).epsilon(1e-5));
    CHECK(exponential.values[0] == doctest::Approx(1 / mean).epsilon(1e-8));
    CHECK(exponential.covariance(0, 0) == doctest::Approx(1 / (mean * mean * 500)).epsilon(1e-5));
    CHECK(exponential.log_likelihood == doctest::Approx(500 * (-std::log(mean) - 1)).epsilon(1e-12));
    CHECK(exponential.aic() == doctest::Approx(2 - 2 * exponential.log_likelihood).epsilon(1e-14));
    CHECK(exponential.bic() == doctest::Approx(std::log(500.0) - 2 * exponential.log_likelihood).epsilon(1e-14));
    CHECK(log_normal.aic() < exponential.aic());
}

TEST_CASE("fit_law: missing values are counted; kernel and histogram take any data") {
    std::vector<double> x = drawn(Normal(), 400, 5);
    x[7] = x[300] = std::nan("");
    for (const std::string family : {"Normal", "kernel", "histogram"}) {
        const LawFit fit = fit_law(family, x);
        CHECK((fit.n == 398 && fit.missing == 2));
        CHECK(std::abs(std::visit([](const auto& l) { return l.mean(); }, fit.law)) < 5 / std::sqrt(398.0));
    }
    CHECK(std::isnan(fit_law("kernel", x).log_likelihood));
    const Histogram ten = histogram_of(x, 10);
    CHECK(ten.weights().size() == 10);
    double sum = 0;
    for (const double w : ten.weights()) sum += w;
    CHECK(sum == doctest::Approx(1).epsilon(1e-14));
}

TEST_CASE("fit_law: a sample of a normal law has no best number of degrees of freedom, and says so") {
    std::vector<double> x;
    for (int i = 0; i < 300; ++i)
        x.push_back(std::atanh(2 * (i + 0.5) / 300 - 1) /
                    (1 + std::abs(std::atanh(2 * (i + 0.5) / 300 - 1))));   // light tails
    const LawFit fit = fit_law("StudentT", x);
    CHECK(fit.values[0] > 100);
    CHECK(std::isfinite(fit.log_likelihood));
}

TEST_CASE("fit_law: defects are named") {
    const double inf = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH_AS(fit_law("Gama", std::vector<double>{1, 2}),
                         "fit_law: no family is named 'Gama'; did you mean 'Gamma'?", std::invalid_argument);
    CHECK_THROWS_WITH_AS(fit_law("Gamma", std::vector<double>{1, -2}),
                         "fit_law: data of Gamma must lie in (0, inf), got -2 at 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(fit_law("Normal", std::vector<double>{1, 1, 1}),
                         "fit_law: Normal needs at least 2 different numbers, got 1", std::invalid_argument);
    CHECK_THROWS_WITH_AS(fit_law("Normal", std::vector<double>{1, inf}),
                         "fit_law: data must be finite or NaN (missing), got inf at 1", std::invalid_argument);
}

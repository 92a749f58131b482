#include <buffon/copula_fit.hpp>

#include <buffon/joint.hpp>
#include <buffon/distribution.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace buffon;

namespace {

Matrix correlation(std::int64_t d, double rho) {
    Matrix r(d, d, rho);
    for (std::int64_t i = 0; i < d; ++i) r(i, i) = 1;
    return r;
}

Matrix sample(const Dependence& dependence, std::int64_t d, std::int64_t n, std::uint64_t key) {
    Matrix x(n, d);
    Distribution(Joint(std::vector<Univariate>(static_cast<std::size_t>(d), LogNormal()), {}, dependence))
        .sample(Stream{key, 0}, 0, x);
    return x;
}

}  // namespace

TEST_CASE("fit_copula: theta and df are found within their standard errors, in two and more dimensions") {
    for (const std::int64_t d : {2, 4}) {
        const auto theta = [&](const char* family, const Dependence& truth) {
            return fit_copula(family, sample(truth, d, 2000, 7));
        };
        const CopulaFit clayton = theta("clayton", ClaytonCopula(1.5, d)), frank = theta("frank", FrankCopula(5, d)),
                        gumbel = theta("gumbel", GumbelCopula(1.8, d)),
                        student = theta("student", StudentCopula(correlation(d, 0.5), 4));
        CHECK(std::abs(std::get<ClaytonCopula>(clayton.copula).theta() - 1.5) < 5 * clayton.std_error);
        CHECK(std::abs(std::get<FrankCopula>(frank.copula).theta() - 5) < 5 * frank.std_error);
        CHECK(std::abs(std::get<GumbelCopula>(gumbel.copula).theta() - 1.8) < 5 * gumbel.std_error);
        CHECK(std::abs(std::get<StudentCopula>(student.copula).df() - 4) < 5 * student.std_error);
        CHECK((clayton.std_error < 0.15 && frank.std_error < 0.3 && gumbel.std_error < 0.1 && student.std_error < 1));
        const Matrix& r = std::get<StudentCopula>(student.copula).correlation();
        for (std::int64_t i = 1; i < d; ++i) CHECK(std::abs(r(i, 0) - 0.5) < 5 * 0.03);
    }
}

TEST_CASE("compare_copulas: the family that made the data has the smallest AIC") {
    const auto best = [](const Dependence& truth) { return compare_copulas(sample(truth, 2, 2000, 3)).front().family; };
    CHECK(best(ClaytonCopula(2, 2)) == "clayton");
    CHECK(best(FrankCopula(-6, 2)) == "frank");
    CHECK(best(GumbelCopula(2, 2)) == "gumbel");
    CHECK(best(StudentCopula(correlation(2, 0.4), 3)) == "student");
    const auto all = compare_copulas(sample(GaussianCopula(correlation(2, 0.6)), 2, 2000, 4));
    CHECK(all.size() == 5);
    CHECK(std::abs(std::find_if(all.begin(), all.end(), [](const auto& f) { return f.family == "gaussian"; })->aic() -
                   all.front().aic()) < 2.5);
}

TEST_CASE("kendall_tau: counts pairs as the definition does, ties too") {
    std::vector<double> x, y;
    for (int i = 0; i < 200; ++i) {
        x.push_back(std::floor(20 * Stream{2, 0}.uniform(i, 0)));
        y.push_back(std::floor(15 * Stream{2, 0}.uniform(i, 1) + x.back() / 2));
    }
    double pairs = 0;
    for (int i = 0; i < 200; ++i)
        for (int j = 0; j < i; ++j) {
            const double product = (x[i] - x[j]) * (y[i] - y[j]);
            pairs += product > 0 ? 1 : product < 0 ? -1 : 0;
        }
    CHECK(kendall_tau(x, y) == doctest::Approx(pairs / (100 * 199)).epsilon(1e-14));
}

TEST_CASE("rank_scores: ties share their mean rank") {
    Matrix data(4, 1);
    data.data = {3, 1, 3, 7};
    const Matrix z = rank_scores(data);
    CHECK(normal_cdf(z(1, 0)) == doctest::Approx(0.2).epsilon(1e-14));
    CHECK(normal_cdf(z(0, 0)) == doctest::Approx(0.5).epsilon(1e-14));
    CHECK(z(2, 0) == z(0, 0));
    CHECK(normal_cdf(z(3, 0)) == doctest::Approx(0.8).epsilon(1e-14));
}

TEST_CASE("fit_copula: rows with a missing value are counted and left out; defects are named") {
    Matrix x = sample(GumbelCopula(2, 3), 3, 300, 6);
    const CopulaFit whole = fit_copula("gumbel", x.view().slice(2, 298));
    x(0, 1) = x(1, 2) = std::nan("");
    const CopulaFit fit = fit_copula("gumbel", x);
    CHECK((fit.n == 298 && fit.missing == 2));
    CHECK(fit.log_likelihood == whole.log_likelihood);
    CHECK_THROWS_WITH_AS(fit_copula("gumble", x), "fit_copula: no family is named 'gumble'; did you mean 'gumbel'?",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(fit_copula("frank", Matrix(20, 1)),
                         "fit_copula: data must have shape (n, d) with d >= 2, got (20, 1)", std::invalid_argument);
    CHECK_THROWS_WITH_AS(fit_copula("frank", Matrix(5, 2)),
                         "fit_copula: data must have at least 10 rows without NaN, got 5", std::invalid_argument);
}

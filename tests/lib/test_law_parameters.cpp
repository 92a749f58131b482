#include <buffon/law_parameters.hpp>

#include <cmath>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

double score_of(const ParametricLaw& law, const std::string& name, std::vector<double> x) {
    for (std::size_t k = 0; k < law.parameters().size(); ++k)
        if (law.parameters()[k].name == name) {
            double out = 0;
            law.score(k, {x.data(), 1, static_cast<std::int64_t>(x.size())}, {&out, 1});
            return out;
        }
    FAIL("no parameter " << name);
    return 0;
}

double score_of(const Univariate& law, const std::string& name, double x) {
    return score_of(ParametricLaw(Joint({law})), "x1." + name, {x});
}

}  // namespace

TEST_CASE("scores are the derivatives of the log densities in closed form") {
    const double z = (3.1 - 1.5) / 0.7;
    CHECK(score_of(Normal(1.5, 0.7), "mean", 3.1) == doctest::Approx(z / 0.7).epsilon(1e-10));
    CHECK(score_of(Normal(1.5, 0.7), "sd", 3.1) == doctest::Approx((z * z - 1) / 0.7).epsilon(1e-10));
    const double l = (std::log(700.0) - 6.3) / 0.08;
    CHECK(score_of(LogNormal(6.3, 0.08), "mu", 700) == doctest::Approx(l / 0.08).epsilon(1e-10));
    CHECK(score_of(LogNormal(6.3, 0.08), "sigma", 700) == doctest::Approx((l * l - 1) / 0.08).epsilon(1e-10));
    CHECK(score_of(Exponential(2), "rate", 1.3) == doctest::Approx(0.5 - 1.3).epsilon(1e-10));
    CHECK(score_of(Gamma(2.5, 3), "scale", 4.0) == doctest::Approx(4.0 / 9 - 2.5 / 3).epsilon(1e-10));
    const double y = (1500.0 - 1013) / 558, e = std::exp(-y);
    CHECK(score_of(Gumbel(1013, 558), "location", 1500) == doctest::Approx((1 - e) / 558).epsilon(1e-10));
    CHECK(score_of(Gumbel(1013, 558), "scale", 1500) == doctest::Approx((y * (1 - e) - 1) / 558).epsilon(1e-10));
    const double t = 5.0 / 8;
    CHECK(score_of(Weibull(1.5, 8), "shape", 5) == doctest::Approx(1 / 1.5 + std::log(t) * (1 - std::pow(t, 1.5))).epsilon(1e-9));
    CHECK(score_of(Beta(2, 3, -1, 1), "a", 0.5) == doctest::Approx(std::log(0.75) + 1 / 2.0 + 1 / 3.0 + 1 / 4.0).epsilon(1e-9));
    CHECK(score_of(Logistic(0, 2), "location", 1) == doctest::Approx(std::tanh(0.25) / 2).epsilon(1e-10));
    CHECK(score_of(StudentT(4, 1, 2), "location", 3) ==
          doctest::Approx(5.0 / 10).epsilon(1e-10));   // (df + 1) u / (df + u^2) / scale, u = 1
    CHECK(score_of(Triangular(0, 1, 3), "mode", 0.4) == doctest::Approx(-1.0).epsilon(1e-9));
    CHECK(score_of(Exponential(2), "rate", -1.0) == 0.0);
}

TEST_CASE("parameters that move an end of the support are marked, and so is the law inside a truncated one") {
    const ParametricLaw law(Joint(
        {Truncated(Normal(30, 8), 15), Uniform(), Weibull(2, 3), Histogram({0, 1, 3}, {1, 2})}, {"Ks", "u", "w", "h"}));
    std::vector<std::string> smooth, ends;
    for (const auto& p : law.parameters()) (p.moves_support ? ends : smooth).push_back(p.name);
    CHECK(smooth == std::vector<std::string>{"Ks.mean", "Ks.sd", "w.shape", "w.scale"});
    CHECK(ends == std::vector<std::string>{"Ks.lower", "u.lower", "u.upper", "w.location"});
    // of the mass that is left: the score has mean 0
    const double z = (15 - 30) / 8.0, lost = std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI) / (0.5 * std::erfc(z / std::sqrt(2)));
    CHECK(score_of(law, "Ks.mean", {40, 0.5, 1, 2}) == doctest::Approx((10.0 / 8 - lost) / 8).epsilon(1e-9));
    CHECK(std::get<Truncated>(law.with(0, 31).laws()[0]).lower() == 15);
}

TEST_CASE("the copula sees a change of a marginal law, and has its own parameters") {
    const Joint joint({Normal(1, 2), Normal(0, 3)}, {"a", "b"}, GaussianCopula(Matrix{[] {
                          Matrix r(2, 2, 0.6);
                          r(0, 0) = r(1, 1) = 1;
                          return r;
                      }()}));
    const ParametricLaw law(joint);
    CHECK(law.parameters().back().name == "corr(a, b)");
    // bivariate normal: d log f / d mean_a = (za - rho zb) / (sd (1 - rho^2))
    const double za = 0.5, zb = -0.4, rho = 0.6, q = 1 - rho * rho;
    const std::vector<double> x{1 + 2 * za, 3 * zb};
    CHECK(score_of(law, "a.mean", x) == doctest::Approx((za - rho * zb) / (2 * q)).epsilon(1e-10));
    const double expected = rho / q + (za * zb * (1 + rho * rho) - rho * (za * za + zb * zb)) / (q * q);
    CHECK(score_of(law, "corr(a, b)", x) == doctest::Approx(expected).epsilon(1e-9));
}

TEST_CASE("nearly singular correlations and Student copulas have scores, too") {
    Matrix r(3, 3, 0.999);
    for (std::int64_t i = 0; i < 3; ++i) r(i, i) = 1;
    const ParametricLaw law(Joint({Normal(), Normal(), Normal()}, {}, GaussianCopula(r)));
    CHECK(std::isfinite(score_of(law, "corr(x1, x3)", {0.1, 0.1, 0.12})));
    const ParametricLaw t(Joint({Normal(), Normal()}, {},
                                StudentCopula(
                                    [] {
                                        Matrix m(2, 2, 0.3);
                                        m(0, 0) = m(1, 1) = 1;
                                        return m;
                                    }(),
                                    5)));
    CHECK(t.parameters().back().name == "df(x1, ...)");
    CHECK(std::isfinite(score_of(t, "df(x1, ...)", {0.3, 1.2})));
}

TEST_CASE("Archimedean copulas have a score of theta, unless it is at its end") {
    const auto law = [](auto copula) { return ParametricLaw(Joint({Normal(), Normal()}, {"a", "b"}, copula)); };
    const double u = 0.3, v = 0.8, theta = 1.7;   // log c = log(1 + theta) - (1 + theta) (log u + log v) - (2 + 1 / theta) log s
    const double s = std::pow(u, -theta) + std::pow(v, -theta) - 1,
                 slope = -std::pow(u, -theta) * std::log(u) - std::pow(v, -theta) * std::log(v);
    const double expected = 1 / (1 + theta) - std::log(u * v) + std::log(s) / (theta * theta) - (2 + 1 / theta) * slope / s;
    CHECK(score_of(law(ClaytonCopula(theta, 2)), "theta(a, ...)", {normal_quantile(u), normal_quantile(v)}) ==
          doctest::Approx(expected).epsilon(1e-9));
    // at theta -> 0 every one of these is independence; c = 1 + theta g + ..., g = (1 - 2 u) (1 - 2 v) / 2 of Frank's
    CHECK(score_of(law(FrankCopula(1e-3, 2)), "theta(a, ...)", {normal_quantile(u), normal_quantile(v)}) ==
          doctest::Approx(0.5 * (1 - 2 * u) * (1 - 2 * v)).epsilon(1e-2));
    double mean = 0;   // of a score under its own law
    for (int i = 0; i < 200; ++i)
        for (int j = 0; j < 200; ++j) {
            const std::vector<double> z{normal_quantile((i + 0.5) / 200), normal_quantile((j + 0.5) / 200)};
            double log_c = 0;
            GumbelCopula(1.6, 2).add_log_density({z.data(), 1, 2}, {&log_c, 1});
            mean += std::exp(log_c) * score_of(law(GumbelCopula(1.6, 2)), "theta(a, ...)", z) / 40'000;
        }
    CHECK(std::abs(mean) < 0.01);   // the corner of large values is cut
    CHECK_FALSE(law(GumbelCopula(1.6, 2)).parameters().back().moves_support);
    CHECK(law(GumbelCopula(1, 2)).parameters().back().moves_support);
}

TEST_CASE("multivariate laws are joints of their marginals") {
    Matrix c(2, 2);
    c(0, 0) = 4;
    c(1, 1) = 9;
    c(0, 1) = c(1, 0) = 1.5;
    const Distribution laws[] = {MultivariateNormal({1, 2}, c), MultivariateT({1, 2}, c, 4)};
    const Matrix x = [] { Matrix m(2, 2); m(0, 0) = 0.3; m(0, 1) = -2; m(1, 0) = 5; m(1, 1) = 4; return m; }();
    for (const auto& law : laws) {
        std::vector<double> a(2), b(2);
        law.log_density(x, a);
        Distribution(*as_joint(law)).log_density(x, b);
        CHECK(b[0] == doctest::Approx(a[0]).epsilon(1e-12));
        CHECK(b[1] == doctest::Approx(a[1]).epsilon(1e-12));
    }
    CHECK_FALSE(as_joint(Mixture({1.0}, {MultivariateNormal({0}, Matrix(1, 1, 1.0))})).has_value());
}

TEST_CASE("the score of an input does not ask for those that it does not depend on") {
    const Matrix r = [] { Matrix m(2, 2, 0.6); m(0, 0) = m(1, 1) = 1; return m; }();
    const Joint pair({Normal(1, 2), Normal(0, 3)}, {"a", "b"}, GaussianCopula(r));
    const ParametricLaw alone(pair), beside(Joint({Gumbel(1, 2), Normal(0, 3), Uniform(0, 1), Normal(1, 2)}, {"g", "b", "u", "a"},
                                                  Dependence({{GaussianCopula(r), {3, 1}}})));
    const std::vector<double> two{1.7, -2.1}, four{0.4, -2.1, 5.0, 1.7};   // u is outside of its law
    for (const char* name : {"a.mean", "a.sd", "b.mean", "b.sd", "corr(a, b)"}) {
        const std::string there = beside.parameters().back().name;
        CAPTURE(name);
        CHECK(score_of(beside, std::string(name).starts_with("corr") ? there : name, four) == score_of(alone, name, two));
    }
    CHECK(score_of(beside, "g.location", four) == score_of(Gumbel(1, 2), "location", 0.4));
}

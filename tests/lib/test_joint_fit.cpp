#include <buffon/joint_fit.hpp>

#include <buffon/distribution.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace buffon;

namespace {

Matrix table(const Dependence& dependence) {
    Matrix x(1500, 2);
    Distribution(Joint({Gumbel(10, 3), Gamma(2, 5)}, {}, dependence)).sample(Stream{9, 0}, 0, x);
    return x;
}

}  // namespace

TEST_CASE("fit_joint: marginals by column and the best copula") {
    const JointFit fit = fit_joint(table(GumbelCopula(2.2, 2)), {"q", "v"}, {"Gumbel", "kernel"}, "best");
    CHECK(fit.joint.names() == std::vector<std::string>{"q", "v"});
    CHECK(fit.marginals[0].values[0] == doctest::Approx(10).epsilon(0.05));
    CHECK(std::holds_alternative<KernelDensity>(fit.joint.laws()[1]));
    CHECK(fit.copula->family == "gumbel");
    CHECK(fit.compared.size() == 5);
    CHECK(std::get<GumbelCopula>(fit.joint.dependence().groups().front().copula).theta() == doctest::Approx(2.2).epsilon(0.1));
}

TEST_CASE("fit_joint: independent columns stay independent, by wish or by AIC") {
    const Matrix x = table({});
    CHECK(fit_joint(x, {"q", "v"}, {"Gumbel", "Gamma"}, "none").joint.independent());
    const JointFit best = fit_joint(x, {"q", "v"}, {"Gumbel", "Gamma"}, "best");
    CHECK(best.joint.independent() == (best.compared.front().aic() >= 0));
    CHECK(best.compared.front().aic() > -5);
    CHECK_FALSE(fit_joint(x, {"q", "v"}, {"Gumbel", "Gamma"}, "frank").joint.independent());
}

TEST_CASE("fit_joint: defects are named") {
    CHECK_THROWS_WITH_AS(fit_joint(Matrix(20, 2), {"q", "v"}, {"Normal"}, "none"),
                         "fit_joint: marginals must have one family per column, 2, got 1", std::invalid_argument);
}

#include <buffon/adaptation.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// An adaptation with everything it looks at.
struct Case {
    Problem problem;
    Run run;
    AiscvOptions options;
    Evaluation evaluate;
    WorkingSpace space;
    Adaptation adaptation;

    Case(Problem p, std::int64_t budget, AiscvOptions o = {}, std::uint64_t key = 1)
        : problem(std::move(p)), run{.budget = budget, .rng = key}, options(std::move(o)), evaluate("test", problem, run),
          space(WorkingSpace::normal(problem.inputs())), adaptation(evaluate, space, options) {}

    Proposal go() {
        if (adaptation.init())
            while (adaptation.step()) {
            }
        return adaptation.choose();
    }
    Estimate report() const {
        Estimate e;
        adaptation.report(e);
        return e;
    }
    std::string stop() const { return std::get<std::string>(report().diagnostics.at("stop")); }
    bool said(const char* name) const { return std::get<bool>(report().diagnostics.at(name)); }
};

AiscvOptions with(double adaptation, Points points = Points::rqmc) {
    AiscvOptions options;
    options.adaptation = adaptation;
    options.points = points;
    return options;
}

double normal_density(double x, double mean, double sd) {
    const double e = (x - mean) / sd;
    return std::exp(-0.5 * e * e) / (sd * std::sqrt(2 * std::numbers::pi));
}

/// Relative variance of a summand of x^2 ... x^20 under a proposal, summed: a sum over a grid, exact for smooth tails.
double moments_variance(const Proposal& p) {
    double total = 0, exact = 1;
    for (int j = 1; j <= 10; ++j) {
        exact *= 2 * j - 1;
        double second = 0;
        for (int i = -4000; i <= 4000; ++i) {
            const double x = 0.005 * i, f = normal_density(x, 0, 1);
            double q = p.alpha()[0] * f;
            for (std::size_t k = 0; k < p.components().size(); ++k)
                {
                const auto& g = std::get<Gaussian>(p.components()[k]);
                q += p.alpha()[k + 1] * normal_density(x, g.mean[0], g.factor(0, 0));
            }
            const double r = std::pow(x, 2 * j) * f / exact;
            if (r > 0) second += 0.005 * r * r / q;
        }
        total += second - 1;
    }
    return total;
}

Problem flat() {
    return Problem([](std::span<const double> x) { return 1 + 0.01 * std::sin(x[0]); }, testing::standard_normal(3));
}

Problem indicator(double beta) {
    return Problem([beta](std::span<const double> x) { return x[0] > beta ? 1.0 : 0.0; }, testing::standard_normal(2));
}

}  // namespace

TEST_CASE("for ten moments the chosen proposal beats q_0 a hundredfold by quadrature, with the shares it promises") {
    for (const Points points : {Points::rqmc, Points::iid})
        for (std::uint64_t key = 1; key <= 3; ++key) {
            Case c(testing::gaussian_moments().problem, 20'000, with(0.5, points), key);
            const Proposal p = c.go();
            CHECK_FALSE(c.said("fallback"));
            CHECK_FALSE(c.said("provisional"));
            CHECK(moments_variance(p) < 0.01 * moments_variance(Proposal::initial()));
            double sum = 0;
            for (const double a : p.alpha()) {
                sum += a;
                CHECK(a >= 0.2 / static_cast<double>(p.size()) * (1 - 1e-9));
            }
            CHECK(sum == doctest::Approx(1.0).epsilon(1e-12));
            CHECK(p.alpha()[0] >= c.options.defensive * (1 - 1e-9));
        }
}

TEST_CASE("a stop keeps the better proposal: the newest is not always it") {
    double chosen = 0, newest = 0;
    int different = 0;
    for (std::uint64_t key = 1; key <= 20; ++key) {
        Case c(testing::gaussian_moments().problem, 4'000, with(0.5, Points::iid), key);
        const Proposal p = c.go();
        const Proposal& last = c.adaptation.pool().proposals().back();
        if (p.alpha() == last.alpha()) continue;
        ++different;
        chosen += std::log(moments_variance(p));
        newest += std::log(moments_variance(last));
    }
    MESSAGE(different << " of 20 differ; variance of the chosen against the newest "
                      << std::exp((chosen - newest) / std::max(different, 1)));
    CHECK(different >= 3);
    CHECK(chosen < newest);
}

TEST_CASE("a flat integrand falls back to q_0") {
    Case c(flat(), 10'000);
    const Proposal p = c.go();
    CHECK(c.said("fallback"));
    CHECK_FALSE(c.said("provisional"));
    CHECK(p.alpha()[0] == 1.0);
    for (std::size_t k = 1; k < p.alpha().size(); ++k) CHECK(p.alpha()[k] == 0.0);
    CHECK(c.report().warnings.empty());
}

TEST_CASE("a step that makes the variance left no smaller stops as a trade-off, before the cap") {
    Case c(testing::gaussian_moments().problem, 20'000);
    c.go();
    CHECK(c.stop() == "trade-off");
    CHECK(c.adaptation.spent() < 10'000);
    CHECK(c.adaptation.spent() >= 3 * 1000);   // two pairs are compared, after the batch from q_0
}

TEST_CASE("an adaptation that may take two batches stops at the budget") {
    Case c(testing::gaussian_moments().problem, 20'000, with(0.1));
    c.go();
    CHECK(c.stop() == "budget");
    CHECK(c.adaptation.spent() == 2000);
    CHECK(std::get<std::int64_t>(c.report().diagnostics.at("batches")) == 2);
    CHECK(std::get<std::int64_t>(c.report().diagnostics.at("adaptation_n")) == 2000);
}

TEST_CASE("no room for an adaptation: nothing is spent and q_0 is chosen") {
    for (const std::int64_t budget : {32, 99}) {
        Case c(testing::gaussian_moments().problem, budget);
        CHECK_FALSE(c.adaptation.init());
        CHECK(c.stop() == "no adaptation");
        CHECK(c.adaptation.spent() == 0);
        CHECK(c.evaluate.n() == 0);
        CHECK(c.adaptation.choose().alpha() == std::vector{1.0});
    }
}

TEST_CASE("batches too small for a covariance in 50 dimensions end the adaptation, unless a score gives no other hope") {
    Case c(Problem([](std::span<const double> x) { return std::exp(x[0]); }, testing::standard_normal(50)), 1000);
    CHECK_FALSE(c.adaptation.init());
    CHECK(c.stop() == "no adaptation");
    CHECK(c.adaptation.spent() == 1);   // to see that there is no score
    CHECK(c.adaptation.choose().alpha() == std::vector{1.0});
    Case scored(testing::linear_exceedance(50, {3.0}).problem, 1000);
    CHECK(scored.adaptation.init());
    CHECK(scored.adaptation.step());
    CHECK(scored.adaptation.spent() == 201);
}

TEST_CASE("a batch has a twentieth of the budget, within a tenth where that is little and never more than 16,384 points") {
    const std::pair<std::int64_t, std::int64_t> cases[] = {{150, 15},   {500, 50},      {1200, 100},
                                                           {2000, 100}, {20'000, 1000}, {1'000'000, 16'384}};
    for (const auto& [budget, batch] : cases) {
        Case c(testing::gaussian_moments().problem, budget);
        CHECK(c.adaptation.init());
        CHECK_MESSAGE(c.adaptation.spent() == batch, budget);
    }
}

TEST_CASE("what a small budget hits too rarely for a fit ends the adaptation after its first batch, a score goes on") {
    const auto far = [](std::span<const double> x) {
        return *std::max_element(x.begin(), x.end()) > 3 ? 1.0 : 0.0;
    };   // p = 0.027
    Case c(Problem(far, testing::standard_normal(20)), 1000, {}, 2);
    CHECK(c.adaptation.init());
    CHECK_FALSE(c.adaptation.step());
    CHECK(c.stop() == "out of reach");
    CHECK(c.adaptation.spent() == 100);
    Case large(Problem(far, testing::standard_normal(20)), 20'000);   // 27 hits in a batch, and time to become more
    CHECK(large.adaptation.init());
    CHECK(large.adaptation.step());
    Case scored(testing::linear_exceedance(20, {3.0}).problem, 1000);
    CHECK(scored.adaptation.init());
    CHECK(scored.adaptation.step());
}

TEST_CASE("an adaptation never spends more than its share of the budget") {
    for (const double share : {0.1, 0.23, 0.5})
        for (const std::int64_t budget : {100, 777, 5000}) {
            Case c(testing::linear_exceedance(4, {4.5}).problem, budget, with(share));
            c.go();
            CHECK(static_cast<double>(c.adaptation.spent()) <= share * static_cast<double>(budget));
            CHECK(c.adaptation.spent() == c.evaluate.n());
        }
}

TEST_CASE("without a score, an indicator that no batch saw clearly is provisional, and said so where it matters") {
    Case c(indicator(1.8), 2000, with(0.1));
    const Proposal p = c.go();
    REQUIRE(c.adaptation.spent() == 200);
    CHECK(c.said("provisional"));
    CHECK(c.report().warnings.size() == (c.said("fallback") ? 0 : 1));
    CHECK((p.alpha()[0] == 1.0) == c.said("fallback"));
}

TEST_CASE("what nothing has hit, neither q_0 nor a wide law, leaves q_0 after two batches") {
    Case c(indicator(30.0), 2000);
    CHECK(c.go().alpha()[0] == 1.0);
    CHECK(c.said("fallback"));
    CHECK(c.said("explored"));
    CHECK(c.stop() == "out of reach");
    CHECK(c.adaptation.spent() == 200);
}

TEST_CASE("an event that the first batch hardly hits gets a wide law for good, of which q_0 keeps a quarter of its points") {
    Case c(indicator(3.3), 5000);
    CHECK(c.adaptation.init());
    CHECK(c.adaptation.step());
    const Pool& pool = c.adaptation.pool();
    const Proposal& wide = pool.proposals().back();
    REQUIRE(wide.size() == 2);
    CHECK(wide.alpha()[0] == doctest::Approx(0.1));
    const double scale = std::get<Gaussian>(wide.components()[0]).factor(0, 0);
    double mean = 0;   // of q_0 / g under q_0, in one of the two dimensions: a sum over a grid, exact for smooth tails
    for (int i = -4000; i <= 4000; ++i)
        mean += 0.005 * std::pow(normal_density(0.005 * i, 0, 1), 2) / normal_density(0.005 * i, 0, scale);
    CHECK(mean * mean == doctest::Approx(4.0).epsilon(1e-6));
    for (std::size_t i = 0; i < pool.log_h().size(); ++i)
        CHECK(std::exp(pool.log_initial()[i] - pool.log_h()[i]) <= 2 / 1.1 * (1 + 1e-9));
    while (c.adaptation.step()) {
    }
    const Proposal p = c.adaptation.choose();
    CHECK_FALSE(c.said("fallback"));
    CHECK(p.alpha()[0] < 0.5);
    CHECK(std::get<Gaussian>(p.components().back()).factor(0, 0) == scale);   // what else it may have found stays in sight
    CHECK(p.alpha().back() > 0.09);
}

TEST_CASE(
    "nobody looks further out with a score, after many hits, for a constant, or with few points in many dimensions "
    "after one hit") {
    const Problem constant([](std::span<const double>) { return 2.0; }, testing::standard_normal(2));
    const Problem common = indicator(1.0);
    const Problem far([](std::span<const double> x) { return *std::max_element(x.begin(), x.end()) > 3 ? 1.0 : 0.0; },
                      testing::standard_normal(20));
    for (const Problem& problem : {constant, common, far, testing::linear_exceedance(2, {3.3}).problem}) {
        Case c(problem, 1000, {}, 2);
        c.go();
        CHECK_FALSE(c.said("explored"));
    }
}

TEST_CASE("with a score, a proposal on the way to an event of probability 1e-6 is taken, however provisional") {
    Case c(testing::linear_exceedance(2, {4.75}).problem, 2000, with(0.1));
    const Proposal p = c.go();
    CHECK(c.said("provisional"));
    CHECK_FALSE(c.said("fallback"));
    CHECK(c.report().warnings.size() == 1);
    // probability of the event under the proposal, along its direction
    double hit = p.alpha()[0] * normal_cdf(-4.75);
    for (std::size_t k = 0; k < p.components().size(); ++k) {
        const auto& g = std::get<Gaussian>(p.components()[k]);
        const double mean = (g.mean[0] + g.mean[1]) / std::numbers::sqrt2;
        const double sd = std::hypot(g.factor(0, 0) + g.factor(1, 0), g.factor(1, 1)) / std::numbers::sqrt2;
        hit += p.alpha()[k + 1] * normal_cdf((mean - 4.75) / sd);
    }
    CHECK(hit > 10 * normal_cdf(-4.75));   // one step from a hundred points that end at 2.5 standard deviations
}

TEST_CASE("weights of the wrong number are refused with the number wanted") {
    AiscvOptions options;
    options.weights = {1, 2};
    std::string said;
    try {
        Case(testing::gaussian_moments().problem, 2000, options).adaptation.init();
    } catch (const std::invalid_argument& error) {
        said = error.what();
    }
    CHECK(said.find("weights must have one entry per expectation, 10, got 2") != std::string::npos);
}

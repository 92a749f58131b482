#include <buffon/shapley.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include <buffon/copula.hpp>
#include <buffon/gaussian_copula.hpp>
#include <buffon/joint.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/testing.hpp>

#include "linear_gaussian.hpp"

using namespace buffon;

namespace {

Matrix matrix(std::int64_t d, std::vector<double> entries) {
    Matrix m(d, d);
    m.data = std::move(entries);
    return m;
}

testing::LinearGaussian correlated() { return {{1, 0.8, 0.5}, matrix(3, {1, 0.6, 0, 0.6, 1, -0.4, 0, -0.4, 2})}; }

/// Of independent inputs: half of the interaction of x1 and x3 is theirs each.
std::vector<double> ishigami_effects() {
    const auto known = testing::ishigami();
    std::vector<double> out;
    for (std::size_t i = 0; i < 3; ++i) out.push_back(0.5 * (known.first_order[i] + known.total_order[i]));
    return out;
}

double sum(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }

/// Shares of the runs whose 95 % interval holds the effect, over all inputs.
double coverage(const Problem& problem, const std::vector<double>& truth, std::int64_t budget, Points points, int runs) {
    double covered = 0;
    for (int r = 0; r < runs; ++r) {
        const auto [low, high] =
            shapley(problem, {.budget = budget, .rng = 100 + static_cast<std::uint64_t>(r), .threads = 1},
                    {.points = points})
                .confidence_interval();
        for (std::size_t i = 0; i < truth.size(); ++i) covered += low[i] <= truth[i] && truth[i] <= high[i];
    }
    return covered / (static_cast<double>(runs) * static_cast<double>(truth.size()));
}

}  // namespace

TEST_CASE("shapley: effects of independent inputs match the closed form of the Ishigami function, and sum to 1") {
    for (const Points points : {Points::rqmc, Points::iid}) {
        const Estimate e = shapley(testing::ishigami().problem, {.budget = 1 << 16, .rng = 3}, {.points = points});
        CHECK(e.names == std::vector<std::string>{"x1", "x2", "x3"});
        const std::vector<double> truth = ishigami_effects(), error = e.std_error();
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(std::abs(e.value[i] - truth[i]) < 4.5 * error[i]);
            CHECK(error[i] < (points == Points::rqmc ? 0.004 : 0.008));
        }
        CHECK(sum(e.value) == doctest::Approx(1).epsilon(1e-12));
        CHECK(e.n <= 1 << 16);
    }
}

TEST_CASE("shapley: effects of correlated inputs match the closed form of the linear Gaussian model") {
    const testing::LinearGaussian model = correlated();
    const std::vector<double> truth = model.effects();
    CHECK(sum(truth) == doctest::Approx(1).epsilon(1e-12));
    for (const Points points : {Points::rqmc, Points::iid}) {
        const Estimate e = shapley(model.problem(), {.budget = 1 << 16, .rng = 5}, {.points = points});
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(std::abs(e.value[i] - truth[i]) < 4.5 * e.std_error()[i]);
            CHECK(e.std_error()[i] < 0.01);
        }
        CHECK(sum(e.value) == doctest::Approx(1).epsilon(1e-12));
    }
    // first-order Sobol' indices of these inputs do not share the variance out: (1.48^2 + 1.2^2 + 0.68^2 / 2) / 2.78 is
    // more than 1
    const double first = model.explained(1) + model.explained(2) + model.explained(4);
    CHECK(first / model.explained(7) == doctest::Approx(3.8616 / 2.78).epsilon(1e-12));
}

TEST_CASE("shapley: a Gaussian copula of other marginal laws has the effects of the normal scores' model") {
    const testing::LinearGaussian model{{1, 0.8, 0.5}, matrix(3, {1, 0.6, 0, 0.6, 1, -0.4, 0, -0.4, 1})};
    const Problem problem([](std::span<const double> x) { return std::log(x[0]) + 0.8 * (x[1] - 2) / 3 + 0.5 * x[2]; },
                          Joint({LogNormal(0, 1), Normal(2, 3), Normal(0, 1)}, {}, GaussianCopula(model.covariance)));
    const Estimate e = shapley(problem, {.budget = 1 << 16, .rng = 7});
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(e.value[i] - model.effects()[i]) < 4.5 * e.std_error()[i]);
}

TEST_CASE("shapley: a linear function of a Student vector has the effects of the normal one") {
    const testing::LinearGaussian model =
        correlated();   // conditional means and, on average, variances are those of the normal law
    const Problem problem([](std::span<const double> x) { return x[0] + 0.8 * x[1] + 0.5 * x[2]; },
                          MultivariateT({0, 0, 0}, model.covariance, 8));
    const Estimate e = shapley(problem, {.budget = 1 << 17, .rng = 9});
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(std::abs(e.value[i] - model.effects()[i]) < 4.5 * e.std_error()[i]);
        CHECK(e.std_error()[i] < 0.01);
    }
}

TEST_CASE("shapley: groups share one effect, and a copula may be any within one") {
    const Distribution inputs = Joint({Normal(), Normal(), Normal()}, {"a", "b", "c"},
                                      Dependence({CopulaGroup{ClaytonCopula(2.0, 2), {0, 1}}}));
    const Problem problem([](std::span<const double> x) { return x[0] + x[1] + 2 * x[2]; }, inputs);
    CHECK_THROWS_AS(shapley(problem, {.budget = 4'096, .rng = 1}), std::invalid_argument);
    const Estimate e = shapley(problem, {.budget = 1 << 14, .rng = 1}, {.groups = {{"pair", {"a", "b"}}}});
    CHECK(e.names == std::vector<std::string>{"pair", "c"});
    const double pair = 2 + 2 * inputs.covariance()(0, 1);
    CHECK(std::abs(e.value[0] - pair / (pair + 4)) < 4.5 * e.std_error()[0]);
    const testing::LinearGaussian model = correlated();   // x1 and x2 against x3: two players
    const Estimate two = shapley(model.problem(), {.budget = 1 << 15, .rng = 1}, {.groups = {{"both", {"x1", "x2"}}}});
    const double both = 0.5 * (model.explained(3) + model.explained(7) - model.explained(4)) / model.explained(7);
    CHECK(std::abs(two.value[0] - both) < 4.5 * two.std_error()[0]);
}

TEST_CASE("shapley: an inactive input of independent ones has exactly no effect; shift and scale change nothing") {
    const Problem problem([](std::span<const double> x) { return std::vector<double>{x[0] * x[1], 1e6 + 3 * x[0] * x[1], 5.0}; },
                          testing::standard_normal(3), {"y", "z", "constant"});
    const Estimate e = shapley(problem, {.budget = 4'096, .rng = 1});
    CHECK(e.names[3] == "x2: y");
    CHECK(e.value[6] == 0);
    CHECK(e.std_error()[6] == 0);
    CHECK(e.value[1] == doctest::Approx(e.value[0]).epsilon(1e-8));
    CHECK(std::isnan(e.value[2]));
    CHECK(std::get<std::vector<std::string>>(e.diagnostics.at("constant")) == std::vector<std::string>{"constant"});
    CHECK(e.contrast(0, 1).std_error()[0] < 1e-8);
}

TEST_CASE("shapley: outputs in units of any size have the effects of each by itself") {
    const auto model = [](std::span<const double> x) { return std::vector<double>{1e9 * x[0], 1e-9 * (x[0] + x[1])}; };
    const Estimate e = shapley(Problem(model, testing::standard_normal(2), {"large", "small"}), {.budget = 4'096, .rng = 1});
    CHECK(e.value[0] == doctest::Approx(1));
    CHECK(e.value[1] == doctest::Approx(0.5).epsilon(0.02));
    CHECK(e.warnings.empty());
}

TEST_CASE("shapley: walks with a failed evaluation are left out and told") {
    const Problem problem([](std::span<const double> x) { return x[0] > 2.5 ? std::nan("") : x[0] + x[1]; },
                          testing::standard_normal(2));
    const Estimate e = shapley(problem, {.budget = 8'192, .rng = 1, .on_error = OnError::discard});
    CHECK(e.n_failed > 0);
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0].find("walks are left out") != std::string::npos);
    CHECK(sum(e.value) == doctest::Approx(1).epsilon(1e-12));
    const Problem broken([](std::span<const double>) { return std::nan(""); }, testing::standard_normal(2));
    CHECK_THROWS_WITH_AS(shapley(broken, {.budget = 8'192, .rng = 1, .on_error = OnError::discard}),
                         doctest::Contains("at least one walk must be without a failed evaluation"), std::invalid_argument);
}

TEST_CASE("shapley: the same bits on any number of threads and batch size") {
    const auto run = [](int threads, std::int64_t batch) {
        return shapley(correlated().problem(), {.budget = 20'000, .rng = 1, .batch = batch, .threads = threads}).value;
    };
    CHECK(run(1, 65'536) == run(4, 65'536));
    CHECK(run(1, 65'536) == run(2, 100));
}

TEST_CASE("shapley: what cannot be is refused") {
    const Problem problem = testing::ishigami().problem;
    CHECK_THROWS_WITH_AS(shapley(problem, {.budget = 63, .rng = 1}),
                         "shapley: budget must be at least 64 (8 replicates of 2 walks of 4 evaluations), got 63",
                         std::invalid_argument);
    CHECK_THROWS_AS(shapley(problem, {.budget = 1'000, .rng = 1}, {.replicates = 3}), std::invalid_argument);
    CHECK_THROWS_AS(shapley(problem, {.budget = 1'000, .rng = 1}, {.groups = {{"g", {"x7"}}}}), std::invalid_argument);
    CHECK(shapley(problem, {.budget = 64, .rng = 1}).n == 64);
}

TEST_CASE("shapley: intervals cover as often as they say") {
    for (const Points points : {Points::rqmc, Points::iid}) {
        CAPTURE(static_cast<int>(points));
        const double independent = coverage(testing::ishigami().problem, ishigami_effects(), 2'048, points, 300);
        const double dependent = coverage(correlated().problem(), correlated().effects(), 2'048, points, 300);
        CHECK(independent > 0.92);   // 900 intervals, in threes that sum to 1: a standard error of at most 0.011
        CHECK(independent < 0.98);
        CHECK(dependent > 0.92);
        CHECK(dependent < 0.98);
    }
}

TEST_CASE("shapley: coverage over 1,000 runs" * doctest::skip()) {
    for (const Points points : {Points::rqmc, Points::iid})
        for (const std::int64_t budget : {1 << 11, 1 << 13}) {
            const double a = coverage(testing::ishigami().problem, ishigami_effects(), budget, points, 1'000);
            const double b = coverage(correlated().problem(), correlated().effects(), budget, points, 1'000);
            MESSAGE("points ", static_cast<int>(points), " budget ", budget, ": independent ", a, " correlated ", b);
            CHECK(std::min(a, b) > 0.93);
            CHECK(std::max(a, b) < 0.97);
        }
}

TEST_CASE(
    "shapley: of a random model effects are those of its mean, of dependent inputs too; a dummy has exactly 0 and "
    "noise its share") {
    const Matrix tied = matrix(2, {1, 0.8, 0.8, 1});
    const Joint law({Normal(), Normal(), Uniform(), Uniform(), Normal()}, {"a", "b", "c", "dummy", "seed"},
                    std::vector<CopulaGroup>{{GaussianCopula(tied), {0, 1}}});
    const Joint apart({Normal(), Normal(), Uniform(), Uniform(), Normal()}, {"a", "b", "c", "dummy", "seed"});
    // a + sqrt 12 c, variance 2: tied to a, b has 0.8^2 / 2 of its part
    const auto model = [](std::span<const double> x) { return x[0] + std::sqrt(12.0) * x[2] + 2 * x[4] * x[2]; };
    for (const bool dependent : {false, true}) {
        const Estimate e = shapley(Problem(model, dependent ? law : apart), {.budget = 1 << 15, .rng = 3}, {.noise = "seed"});
        const double exact[] = {dependent ? 0.34 : 0.5, dependent ? 0.16 : 0.0, 0.5, 0.0};
        REQUIRE(e.names == std::vector<std::string>{"a", "b", "c", "dummy"});
        for (std::size_t i = 0; i < 4; ++i) {
            CAPTURE(e.names[i]);
            CHECK(std::abs(e.value[i] - exact[i]) <= 4.5 * e.std_error()[i]);
            CHECK(e.std_error()[i] < 0.05);
        }
        CHECK(e.value[3] == 0);
        CHECK(sum(e.value) == doctest::Approx(1).epsilon(1e-12));
        const double share = std::get<std::vector<double>>(e.diagnostics.at("noise_share"))[0],
                     error = std::get<std::vector<double>>(e.diagnostics.at("noise_share_error"))[0];
        CHECK(std::abs(share - (4.0 / 3) / (2 + 4.0 / 3)) < 4.5 * error);   // E (2 c)^2 = 4 / 3
        CHECK(error < 0.02);
        CHECK(e.warnings.empty());
    }
}

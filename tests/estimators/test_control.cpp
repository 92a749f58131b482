#include <buffon/control.hpp>

#include <atomic>
#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/errors.hpp>
#include <buffon/importance.hpp>
#include <buffon/quasi.hpp>
#include <buffon/testing.hpp>

#include "../refusal.hpp"

using namespace buffon;

namespace {

const Distribution standard = testing::standard_normal(1);

/// He_1 ... He_k of the first input: means 0 under N(0, 1).
Controls hermite(std::int64_t k) {
    return {.values = [k](ConstView x) {
                Matrix h(x.rows, k);
                for (std::int64_t i = 0; i < x.rows; ++i)
                    for (std::int64_t c = 0; c < k; ++c)
                        h(i, c) = c == 0   ? x(i, 0)
                                  : c == 1 ? x(i, 0) * h(i, 0) - 1
                                           : x(i, 0) * h(i, c - 1) - static_cast<double>(c) * h(i, c - 2);
                return h;
            },
            .means = std::vector<double>(static_cast<std::size_t>(k))};
}

const Problem exponential([](std::span<const double> x) { return std::exp(x[0]); }, standard);
const double root_e = std::exp(0.5), e1 = std::exp(1.0);
/// Of exp(x) on He_1 ... He_k: sum of e / i! over the variance e (e - 1).
double share(int k) {
    double sum = 0, term = 1;
    for (int i = 1; i <= k; ++i) sum += term /= i;
    return sum / (e1 - 1);
}

const std::vector<double>& numbers(const Estimate& e, const char* name) {
    return std::get<std::vector<double>>(e.diagnostics.at(name));
}

/// z-score of the mean error, mean square over mean variance, and coverage of 95 % intervals, over keys.
struct Campaign {
    double z, ratio, coverage;
};
template <class F>
Campaign campaign(const F& estimate, double truth, int keys) {
    double sum = 0, squares = 0, variances = 0, covered = 0;
    for (int key = 0; key < keys; ++key) {
        const Estimate e = estimate(static_cast<std::uint64_t>(key));
        const double error = e.value[0] - truth;
        const auto [low, high] = e.confidence_interval();
        sum += error;
        squares += error * error;
        variances += e.covariance(0, 0);
        covered += low[0] < truth && truth < high[0];
    }
    return {sum / std::sqrt(squares), squares / variances, covered / keys};
}

}  // namespace

TEST_CASE("control: a linear model with its inputs as controls has no error") {
    const Problem problem([](std::span<const double> x) { return 3 + 2 * x[0] - x[1]; }, testing::independent(2, Uniform()));
    const Controls inputs{.values = [](ConstView x) {
                              Matrix h(x.rows, 2);
                              std::copy_n(x.data, x.size(), h.data.begin());
                              return h;
                          },
                          .means = {0.5, 0.5}};
    for (const BaseEstimator& base : {BaseEstimator(), BaseEstimator(quasi)}) {
        const Estimate e = control(problem, {.budget = 3'000, .rng = 1}, {.controls = inputs, .estimator = base});
        CHECK(e.value[0] == doctest::Approx(3.5).epsilon(1e-13));
        CHECK(e.std_error()[0] < 1e-8);
        CHECK(numbers(e, "coefficients")[0] == doctest::Approx(2).epsilon(1e-10));
        CHECK(numbers(e, "coefficients")[1] == doctest::Approx(-1).epsilon(1e-10));
        CHECK(e.names == std::vector<std::string>{"y"});
    }
}

TEST_CASE("control: Hermite polynomials explain of exp(x) what its expansion says") {
    constexpr std::int64_t n = 400'000;
    for (const int k : {1, 2, 3}) {
        CAPTURE(k);
        const Estimate e = control(exponential, {.budget = n, .rng = 4}, {.controls = hermite(k)});
        CHECK(std::abs(e.value[0] - root_e) < 5 * std::sqrt(e1 * (e1 - 1) * (1 - share(k)) / n));
        // the variance of a residual with heavy tails: 5 % is five standard errors at k = 3, more at less
        CHECK(n * e.covariance(0, 0) == doctest::Approx(e1 * (e1 - 1) * (1 - share(k))).epsilon(0.15));
        CHECK(numbers(e, "r_squared")[0] == doctest::Approx(share(k)).epsilon(0.01));
        CHECK(numbers(e, "coefficients")[0] == doctest::Approx(root_e).epsilon(0.05));   // e^(1/2) / i!
        CHECK(e.n == n);
    }
}

TEST_CASE(
    "control: independent points, nets, weighted and adaptive ones: errors are as large as said, without a bias that "
    "shows") {
    const Distribution wide = testing::independent(1, Normal(0.5, 1.2));
    const auto run = [](std::uint64_t key, std::int64_t budget) { return Run{.budget = budget, .rng = key, .threads = 1}; };
    const auto check = [](const Campaign& c) {
        CAPTURE(c.z);
        CAPTURE(c.ratio);
        CAPTURE(c.coverage);
        CHECK(std::abs(c.z) < 4);
        CHECK(c.ratio == doctest::Approx(1).epsilon(0.25));
        CHECK(std::abs(c.coverage - 0.95) < 0.04);   // of 600 keys: four standard errors and a half
    };
    SUBCASE("plain") {
        check(campaign([&](auto key) { return control(exponential, run(key, 4'000), {.controls = hermite(2)}); }, root_e, 600));
    }
    SUBCASE("quasi") {   // bounded: means over nets are nearly normal
        const Problem product([](std::span<const double> u) { return std::exp(u[0] + u[1]); },
                              testing::independent(2, Uniform()));
        Controls linear{.values = [](ConstView x) {
                            Matrix h(x.rows, 2);
                            std::copy_n(x.data, x.size(), h.data.begin());
                            return h;
                        },
                        .means = {0.5, 0.5}};
        check(campaign(
            [&](auto key) { return control(product, run(key, 1'000), {.controls = linear, .estimator = {quasi}}); },
            (e1 - 1) * (e1 - 1), 600));
    }
    SUBCASE("importance") {
        check(campaign(
            [&](auto key) {
                return control(exponential, run(key, 4'000),
                               {.controls = hermite(2), .estimator = {importance, {.proposal = wide}}});
            },
            root_e, 600));
    }
    SUBCASE("aiscv") {
        check(campaign(
            [&](auto key) {
                return control(exponential, run(key, 4'000),
                               {.controls = hermite(1), .estimator = {aiscv, {.points = Points::iid}}});
            },
            root_e, 600));
    }
}

TEST_CASE("control: half the variance and less is left, never more, whatever the estimator") {
    const Distribution wide = testing::independent(1, Normal(0.5, 1.2));
    const Run run{.budget = 20'000, .rng = 2};
    const Estimate alone = importance(exponential, run, {.proposal = wide});
    const Estimate with = control(exponential, run, {.controls = hermite(3), .estimator = {importance, {.proposal = wide}}});
    CHECK(with.covariance(0, 0) < 0.5 * alone.covariance(0, 0));
    CHECK(numbers(with, "variance_ratio")[0] == doctest::Approx(with.covariance(0, 0) / alone.covariance(0, 0)));
    // a control that has nothing to say
    const Problem even([](std::span<const double> x) { return x[0] * x[0]; }, standard);
    const Estimate useless = control(even, run, {.controls = hermite(1)});
    CHECK(useless.covariance(0, 0) < 1.01 * plain(even, run).covariance(0, 0));
    CHECK(std::abs(useless.value[0] - 1) < 5 * std::sqrt(2.0 / 20'000));
}

TEST_CASE("control: the joint covariance of several outputs is that of their errors") {
    const Problem two([](std::span<const double> x) { return std::vector{std::exp(x[0]), std::exp(-x[0])}; }, standard,
                      {"up", "down"});
    double uu = 0, ud = 0, dd = 0, said_uu = 0, said_ud = 0;
    constexpr int keys = 500;
    for (std::uint64_t key = 0; key < keys; ++key) {
        const Estimate e = control(two, {.budget = 1'000, .rng = key, .threads = 1}, {.controls = hermite(1)});
        CHECK(e.names == std::vector<std::string>{"up", "down"});
        const double u = e.value[0] - root_e, d = e.value[1] - root_e;
        uu += u * u / keys;
        ud += u * d / keys;
        dd += d * d / keys;
        said_uu += e.covariance(0, 0) / keys;
        said_ud += e.covariance(0, 1) / keys;
    }
    // without the linear part both keep e (e - 2), and covariance 1 - e + e
    CHECK(said_uu * 1'000 == doctest::Approx(e1 * (e1 - 2)).epsilon(0.1));
    CHECK(said_ud * 1'000 == doctest::Approx(1.0).epsilon(0.1));
    CHECK(uu == doctest::Approx(said_uu).epsilon(0.2));
    CHECK(dd == doctest::Approx(said_uu).epsilon(0.2));
    CHECK(ud == doctest::Approx(said_ud).epsilon(0.4));
}

TEST_CASE("control: a wrong mean is found out") {
    Controls wrong = hermite(2);
    wrong.names = {"first", "second"};
    wrong.means = {0, 0.5};
    const Estimate e = control(exponential, {.budget = 10'000, .rng = 1}, {.controls = wrong});
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0].starts_with("the given mean of 'second' looks wrong: the sample says "));
    CHECK(std::abs(numbers(e, "control_z")[1]) > 6);
    CHECK(std::abs(numbers(e, "control_z")[0]) < 6);
    wrong.means = {0, 0};
    CHECK(control(exponential, {.budget = 10'000, .rng = 1}, {.controls = wrong}).warnings.empty());
}

TEST_CASE("control: collinear controls count once") {
    Controls twice = hermite(1);
    twice.means = {0, 1};
    twice.values = [](ConstView x) {
        Matrix h(x.rows, 2);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            h(i, 0) = x(i, 0);
            h(i, 1) = 1 - 3 * x(i, 0);
        }
        return h;
    };
    const Run run{.budget = 5'000, .rng = 1};
    const Estimate one = control(exponential, run, {.controls = hermite(1)}),
                   two = control(exponential, run, {.controls = twice});
    CHECK(std::get<std::int64_t>(two.diagnostics.at("controls_dropped")) == 1);
    CHECK(two.value[0] == doctest::Approx(one.value[0]).epsilon(1e-12));
    CHECK(two.covariance(0, 0) == doctest::Approx(one.covariance(0, 0)).epsilon(1e-9));
}

TEST_CASE("control: nets get a replicate more for each control") {
    const Estimate e = control(exponential, {.budget = 10'000, .rng = 1},
                               {.controls = hermite(6), .estimator = {quasi, {.replicates = 10}}});
    CHECK(std::get<std::int64_t>(e.diagnostics.at("replicates")) >= 16);
    CHECK(e.degrees_of_freedom >= 9);
}

TEST_CASE("control: an adaptive estimator does not adapt to the controls") {
    const auto moments = testing::gaussian_moments();
    const Run run{.budget = 10'000, .rng = 3};
    const Estimate alone = aiscv(moments.problem, run, {.replicates = 20});
    const Estimate with = control(moments.problem, run, {.controls = hermite(4), .estimator = {aiscv, {.replicates = 16}}});
    CHECK(numbers(with, "alpha") == numbers(alone, "alpha"));
    CHECK(with.size() == alone.size());
    CHECK(numbers(with, "pareto_k") == numbers(alone, "pareto_k"));
    for (std::int64_t j = 0; j < with.size(); ++j) {
        CAPTURE(j);
        CHECK(std::abs(with.value[static_cast<std::size_t>(j)] - moments.exact[static_cast<std::size_t>(j)]) <
              6 * with.std_error()[static_cast<std::size_t>(j)]);
    }
}

TEST_CASE("control: with several laws the controls have a mean under each") {
    const AiscvOptions laws{.laws = {testing::independent(1, Normal(0, 1)), testing::independent(1, Normal(0.3, 1))}};
    const Problem problem([](std::span<const double> x) { return std::exp(x[0]); }, standard, {"y"});
    const auto estimate = [&](std::vector<double> means) {
        Controls c = hermite(1);
        c.means = std::move(means);
        return control(problem, {.budget = 8'000, .rng = 5}, {.controls = c, .estimator = {aiscv, laws}});
    };
    const Estimate e = estimate({0, 0.3});
    CHECK(e.names == std::vector<std::string>{"law 1: y", "law 2: y"});
    CHECK(std::abs(e.value[0] - root_e) < 6 * e.std_error()[0]);
    CHECK(std::abs(e.value[1] - std::exp(0.8)) < 6 * e.std_error()[1]);
    const auto doubts = [](const Estimate& of) {
        return std::ranges::count_if(of.warnings, [](const std::string& w) { return w.find("looks wrong") != w.npos; });
    };
    CHECK(doubts(e) == 0);
    CHECK(doubts(estimate({0, 0.0})) == 1);
    CHECK(message([&] { estimate({0}); }) == "control: means must hold one number for each control and law, got 1");
}

TEST_CASE("control: failures leave the controls out, and say so") {
    const Problem failing([](std::span<const double> x) { return x[0] > 1 ? std::nan("") : x[0]; }, standard);
    const Estimate e = control(failing, {.budget = 20'000, .rng = 1, .on_error = OnError::discard}, {.controls = hermite(1)});
    CHECK(e.n_failed > 0);
    CHECK(e.size() == 1);
    CHECK(e.warnings.back().starts_with("the controls were not used"));
    // E[x | x < 1] = -phi(1) / Phi(1)
    CHECK(std::abs(e.value[0] + 0.24197072451914337 / 0.84134474606854293) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] > 0.004);
}

TEST_CASE("control: what a stopped run leaves is corrected, too, and the sample holds outputs only") {
    const auto count = std::make_shared<std::int64_t>(0);
    const Problem stops(Model([=](ConstView x) {
                            if ((*count += x.rows) > 5'000) throw std::runtime_error("out of licences");
                            Outputs out{Matrix(x.rows, 1), {}};
                            for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = 7 + x(i, 0);
                            return out;
                        }),
                        standard, {}, false);
    try {
        control(stops, {.budget = 100'000, .rng = 1, .batch = 1'000}, {.controls = hermite(1)});
        FAIL("it did not stop");
    } catch (const ModelError& error) {
        REQUIRE(error.partial != nullptr);
        CHECK(error.partial->n == 5'000);
        CHECK(error.partial->size() == 1);
        CHECK(error.partial->value[0] == doctest::Approx(7).epsilon(1e-12));
        CHECK(error.sample.y.cols == 1);
        CHECK(error.sample.outputs == std::vector<std::string>{"y"});
    }
}

TEST_CASE("control: what cannot be is refused before the model is asked") {
    const Problem untouched(Model([](ConstView) -> Outputs { throw std::logic_error("asked"); }), standard, {"y"});
    const auto refusal = [&](const ControlOptions& options, std::int64_t budget = 100) {
        return message([&] { control(untouched, {.budget = budget, .rng = 1}, options); });
    };
    CHECK(refusal({}) == "control: controls are needed: functions of the inputs with known means");
    Controls c = hermite(30);
    CHECK(refusal({.controls = c}) == "control: budget must be at least four times one more than the 30 controls, 124, got 100");
    CHECK(refusal({.controls = c, .means = {1}}) == "control: means are given twice, with the controls and beside them");
    c.means = {0, std::nan("")};
    CHECK(refusal({.controls = c}) == "control: means[1] must be finite, got nan");
    c.means = {};
    CHECK(refusal({.controls = c}) == "control: means must hold one number for each control, got 0");
    c.means = {0, 0};
    c.names = {"a"};
    CHECK(refusal({.controls = c}) == "control: 1 controls need as many means, got 2");
    c.names = {"a", "y"};
    CHECK(refusal({.controls = c}) == "Problem: 'y' is the name of two outputs");
    c.names = {"a", "b"};
    CHECK(refusal({.controls = c, .collinear = 1}) == "control: collinear must lie in [0, 1), got 1");
    CHECK(refusal({.controls = c, .estimator = {quasi, {.replicates = 99}}}) ==
          "quasi: budget must be at least replicates = 101, got 100");
}

TEST_CASE("control: functions of the wrong shape are named") {
    Controls c = hermite(2);
    c.means = {0};
    CHECK_THROWS_WITH_AS(control(exponential, {.budget = 100, .rng = 1}, {.controls = c}),
                         doctest::Contains("known functions must give shape (100, 1), got (100, 2)"), ModelError);
}

TEST_CASE("control: progress is shown the corrected estimate") {
    std::vector<std::string> names;
    double last = 0;
    Run run{.budget = 200'000, .rng = 1, .batch = 4'096};
    run.progress = [&](std::int64_t, std::int64_t, const Partial& partial) {
        const auto e = partial();
        if (!e) return;
        names = e->names;
        last = e->std_error()[0];
    };
    const Estimate e = control(exponential, run, {.controls = hermite(2)});
    CHECK(names == std::vector<std::string>{"y"});
    CHECK(last == doctest::Approx(e.std_error()[0]).epsilon(0.1));
}

#include <buffon/sobol.hpp>

#include <cmath>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include <buffon/errors.hpp>
#include <buffon/extend.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const testing::KnownProblem ishigami = testing::ishigami(), g_function = testing::g_function();

std::vector<double> exact_of(const testing::KnownProblem& known) {
    std::vector<double> all = known.first_order;
    all.insert(all.end(), known.total_order.begin(), known.total_order.end());
    return all;
}

/// Over keys 0 ... runs - 1, of all indices of first and total order: mean of (error / standard error)^2 and share of
/// intervals that cover.
struct Calibration {
    double ratio = 0, coverage = 0, worst_bias = 0;
};
Calibration calibration(const testing::KnownProblem& known, std::int64_t budget, const SobolOptions& options,
                        std::uint64_t runs) {
    const std::vector<double> exact = exact_of(known);
    const auto n = static_cast<double>(runs);
    Calibration out;
    std::vector<double> sum(exact.size()), squares(exact.size());
    for (std::uint64_t key = 0; key < runs; ++key) {
        const Estimate e = sobol(known.problem, {.budget = budget, .rng = key, .threads = 1}, options).joint;
        const auto error = e.std_error();
        const auto [low, high] = e.confidence_interval();
        for (std::size_t i = 0; i < exact.size(); ++i) {
            const double off = e.value[i] - exact[i];
            out.ratio += off * off / (error[i] * error[i]) / (n * static_cast<double>(exact.size()));
            out.coverage += (low[i] <= exact[i] && exact[i] <= high[i]) / (n * static_cast<double>(exact.size()));
            sum[i] += off;
            squares[i] += off * off;
        }
    }
    for (std::size_t i = 0; i < exact.size(); ++i)
        out.worst_bias = std::max(out.worst_bias, std::abs(sum[i]) / std::sqrt(squares[i]));
    return out;
}

double largest_error(const Estimate& e, const std::vector<double>& exact) {
    double most = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) most = std::max(most, std::abs(e.value[i] - exact[i]));
    return most;
}

}  // namespace

TEST_CASE("sobol: the default finds the indices of a smooth function to six digits from 8,192 evaluations") {
    double squares = 0;
    for (std::uint64_t key = 0; key < 4; ++key) {
        const Indices s = sobol(ishigami.problem, {.budget = 1 << 13, .rng = key});
        CHECK(s.joint.n == 12 * 128 * 5);
        squares += std::pow(largest_error(s.joint, exact_of(ishigami)), 2) / 4;
    }
    CHECK(std::sqrt(squares) < 5e-6);   // six errors with root mean square 7e-7; plain pick-freeze: 2e-2
}

TEST_CASE("sobol: without a surrogate intervals cover as often as they say, whatever the method") {
    for (const auto method : {SobolMethod::combined, SobolMethod::saltelli, SobolMethod::jansen, SobolMethod::janon,
                              SobolMethod::martinez, SobolMethod::owen})
        for (const auto points : {Points::rqmc, Points::iid}) {
            CAPTURE(static_cast<int>(method));
            CAPTURE(static_cast<int>(points));
            const Calibration c = calibration(g_function, 8192, {.method = method, .surrogate = false, .points = points}, 200);
            // 12 indices that go together, 200 runs; Student with R - 1 >= 7 degrees of freedom has mean square 1.4
            CHECK(c.coverage > 0.91);
            CHECK(c.coverage < 0.985);
            CHECK(c.ratio > 0.75);
            CHECK(c.ratio < 1.9);
            CHECK(c.worst_bias < 4.5);   // z-score of the mean error; a bias of order 1 / n is below it
        }
}

TEST_CASE("sobol: with the surrogate, too" * doctest::timeout(120)) {
    const Calibration c = calibration(g_function, 1 << 11, {}, 60);
    CHECK(c.coverage > 0.9);
    CHECK(c.worst_bias < 4.5);
}

TEST_CASE("sobol: intervals hold what a polynomial leaves in tails that no replicate met") {
    // exp((z1 + z2) / 2): V = e^(1/2) - 1, V_i = e^(1/4) - 1; the interval of the replicates alone covers in 57 %
    const Problem problem([](std::span<const double> z) { return std::exp(0.5 * (z[0] + z[1])); }, testing::standard_normal(2));
    const double first = std::expm1(0.25) / std::expm1(0.5);
    const std::vector<double> exact{first, first, 1 - first, 1 - first};
    double covered = 0;
    for (std::uint64_t key = 0; key < 60; ++key) {
        const auto [low, high] = sobol(problem, {.budget = 1 << 12, .rng = key}).joint.confidence_interval();
        for (std::size_t i = 0; i < 4; ++i) covered += (low[i] <= exact[i] && exact[i] <= high[i]) / 240.0;
    }
    CHECK(covered > 0.85);
}

TEST_CASE("sobol: the plain estimator never has its place taken by a surrogate that fails") {
    // an indicator of normal inputs: polynomials of scores fit it badly, and far out worse
    const Problem problem([](std::span<const double> z) { return z[0] + 0.7 * z[1] * z[1] > 1.5 ? 1.0 : 0.0; },
                          testing::standard_normal(3));
    double with = 0, without = 0;
    const Indices reference = sobol(problem, {.budget = 1 << 21, .rng = 99}, {.surrogate = false});
    for (std::uint64_t key = 0; key < 12; ++key) {
        with += std::pow(largest_error(sobol(problem, {.budget = 1 << 12, .rng = key}).joint, reference.joint.value), 2);
        without += std::pow(largest_error(sobol(problem, {.budget = 1 << 12, .rng = key}, {.surrogate = false}).joint,
                                          reference.joint.value),
                            2);
    }
    CHECK(with < 1.5 * without);
}

TEST_CASE("sobol: an input without effect has exactly 0, and an output without variance says so") {
    const Problem problem([](std::span<const double> x) { return std::array{x[0] * x[2], 7.0}; },
                          testing::independent(3, Uniform()));
    for (const bool surrogate : {true, false}) {
        const Indices s = sobol(problem, {.budget = 4096, .rng = 1}, {.surrogate = surrogate});
        const std::int64_t none = s.first_order.index("x2: y1");
        for (const Estimate* e : {&s.first_order, &s.total_order}) {
            CHECK(e->value[static_cast<std::size_t>(none)] == 0);
            CHECK(e->std_error()[static_cast<std::size_t>(none)] == 0);
            CHECK(std::isnan(e->value[static_cast<std::size_t>(e->index("x1: y2"))]));
        }
        CHECK(s.first_order.value[static_cast<std::size_t>(s.first_order.index("x1: y1"))] > 0.3);
        REQUIRE(s.joint.warnings.size() == 1);
        CHECK(s.joint.warnings[0].find("'y2' is the same at every point") != std::string::npos);
    }
}

TEST_CASE("sobol: indices do not depend on where the output is centred") {
    const Problem shifted([](std::span<const double> x) { return 1e6 + x[0] + x[1] * x[2]; }, testing::independent(3, Uniform()));
    const Problem centred([](std::span<const double> x) { return x[0] + x[1] * x[2]; }, testing::independent(3, Uniform()));
    for (const auto method : {SobolMethod::combined, SobolMethod::saltelli, SobolMethod::jansen, SobolMethod::janon,
                              SobolMethod::martinez, SobolMethod::owen})
        for (const bool surrogate : {true, false}) {
            const Run run{.budget = 4096, .rng = 5};
            const SobolOptions options{.method = method, .surrogate = surrogate};
            CHECK(largest_error(sobol(shifted, run, options).joint, sobol(centred, run, options).joint.value) < 1e-7);
        }
}

TEST_CASE("sobol: pairs of Ishigami's function act together where its formula says so") {
    for (const bool surrogate : {true, false}) {
        const Indices s = sobol(ishigami.problem, {.budget = 1 << 15, .rng = 3}, {.surrogate = surrogate, .second_order = true});
        CHECK(s.second_order.names == std::vector<std::string>{"x1, x2", "x1, x3", "x2, x3"});
        const double exact[] = {0, ishigami.total_order[2], 0};
        const auto error = s.second_order.std_error();
        for (std::size_t k = 0; k < 3; ++k)
            CHECK(std::abs(s.second_order.value[k] - exact[k]) < 6 * error[k]);   // 11 or 5 degrees of freedom
        CHECK(error[1] < (surrogate ? 1e-5 : 0.02));
        CHECK(largest_error(s.joint, exact_of(ishigami)) < (surrogate ? 1e-4 : 0.05));
    }
}

TEST_CASE("sobol: a group has the share that its inputs have together, dependent ones within it, too") {
    // y = a + b + c with corr(a, b) = 0.5: variances 3 of the pair, 1 of c
    Matrix r(2, 2);
    r(0, 0) = r(1, 1) = 1;
    r(0, 1) = r(1, 0) = 0.5;
    const Joint inputs({Normal(), Normal(), Normal()}, {"a", "c", "b"}, std::vector<CopulaGroup>{{GaussianCopula(r), {0, 2}}});
    const Problem problem([](std::span<const double> x) { return x[0] + x[1] + x[2]; }, inputs);
    CHECK_THROWS_WITH_AS(sobol(problem, {.budget = 8192}), doctest::Contains("'a' and 'b' may depend on each other"),
                         std::invalid_argument);
    const Indices s = sobol(problem, {.budget = 8192, .rng = 1}, {.groups = {{"pair", {"a", "b"}}}});
    CHECK(s.first_order.names == std::vector<std::string>{"pair", "c"});
    CHECK(largest_error(s.joint, {0.75, 0.25, 0.75, 0.25}) < 1e-9);
}

TEST_CASE("sobol: several outputs share their points, and their errors one covariance") {
    const Problem problem([](std::span<const double> x) { return std::array{x[0] * x[1], 5 - 3 * x[0] * x[1], x[1]}; },
                          testing::independent(2, Uniform()));
    const Indices s = sobol(problem, {.budget = 4096, .rng = 1}, {.surrogate = false});
    const Estimate same = s.joint.transform([&](const std::vector<double>& v) { return std::vector<double>{v[0] - v[1]}; });
    CHECK(std::abs(same.value[0]) < 1e-12);
    CHECK(same.std_error()[0] < 1e-6 * s.joint.std_error()[0]);
    CHECK(s.total_order.names.size() == 6);
    CHECK(s.first_order.value[4 - 2 + 0] == 0);   // "x1: y3"
}

TEST_CASE("sobol: threads, batches and what is kept change no bit, whether values are stored or a pilot is evaluated") {
    for (const std::int64_t budget : {std::int64_t{1} << 13, (std::int64_t{1} << 20) + 100'000}) {
        const Estimate one = sobol(g_function.problem, {.budget = budget, .rng = 4, .threads = 1}).joint;
        const Estimate two = sobol(g_function.problem, {.budget = budget, .rng = 4, .batch = 5000, .threads = 3}).joint;
        CHECK(one.value == two.value);
        CHECK(one.covariance.data == two.covariance.data);
        CHECK(one.n <= budget);
        CHECK(one.n == two.n);
        CHECK(largest_error(one, exact_of(g_function)) < (budget > 10'000 ? 3e-4 : 8e-3));
    }
}

TEST_CASE("sobol: rows with failed evaluations are left out, and warned of") {
    const auto failing = [](std::span<const double> x) {
        return x[0] > 0.97 && x[1] > 0.5 ? std::numeric_limits<double>::quiet_NaN() : x[0] + 0.5 * x[1];
    };
    const Problem problem(failing, testing::independent(2, Uniform()));
    CHECK_THROWS_AS(sobol(problem, {.budget = 8192, .rng = 1}), ModelError);
    for (const bool surrogate : {true, false}) {
        const Indices s = sobol(problem, {.budget = 8192, .rng = 1, .on_error = OnError::discard}, {.surrogate = surrogate});
        CHECK(s.joint.n_failed > 0);
        REQUIRE(s.joint.warnings.size() == 1);
        CHECK(s.joint.warnings[0].find("of the rows are left out") != std::string::npos);
        CHECK(largest_error(s.first_order, {0.8, 0.2}) < 0.05);   // 5 % of the rows are out
    }
}

TEST_CASE("sobol: where evaluations fail the indices are those given success, with a surrogate asked for or not") {
    const auto failing = [](std::span<const double> x) {
        return x[0] > 0.5 ? std::numeric_limits<double>::quiet_NaN() : std::sin(3 * x[0]) + x[1];
    };
    const Problem problem(failing, testing::independent(2, Uniform(-1, 1)));
    // of a uniform on (-1, 0.5): E sin(3 a) = (cos 3 - cos 1.5) / 4.5, E sin(3 a)^2 = (1.5 - (sin 3 + sin 6) / 6) / 3
    const double mean = (std::cos(3.0) - std::cos(1.5)) / 4.5, square = (1.5 - (std::sin(3.0) + std::sin(6.0)) / 6) / 3,
                 part = square - mean * mean;
    const double truth = part / (part + 1.0 / 3);
    for (const std::int64_t budget :
         {std::int64_t{2'000}, (std::int64_t{1} << 20) + 100'000}) {   // the second evaluates a pilot for its surrogate
        const Indices s = sobol(problem, {.budget = budget, .rng = 1, .on_error = OnError::discard});
        CHECK(std::abs(s.first_order.value[0] - truth) < 4 * s.first_order.std_error()[0]);
        CHECK(std::abs(s.total_order.value[0] - truth) < 4 * s.total_order.std_error()[0]);
        CHECK(s.joint.warnings.at(0).find("conditional on success; without a surrogate") != std::string::npos);
        CHECK_FALSE(s.joint.diagnostics.contains("surrogate_share"));
    }
    const Run run{.budget = 2'000, .rng = 1, .on_error = OnError::discard, .keep = Keep::state};
    CHECK(sobol(problem, run).joint.value == sobol(problem, run, {.surrogate = false}).joint.value);
    const Indices grown = more(sobol(problem, run), problem, {.budget = 6'000});
    CHECK(std::abs(grown.first_order.value[0] - truth) < 4 * grown.first_order.std_error()[0]);
}

TEST_CASE("sobol: what cannot be is refused") {
    const auto refused = [](const Run& run, const SobolOptions& options, const char* message) {
        CHECK_THROWS_WITH_AS(sobol(ishigami.problem, run, options), doctest::Contains(message), std::invalid_argument);
    };
    refused({.budget = 159}, {}, "sobol: budget must be at least 160 (8 replicates of 4 rows of 5 evaluations), got 159");
    refused({.budget = 250}, {.second_order = true}, "sobol: budget must be at least 256");
    refused({}, {.replicates = 3}, "sobol: replicates must be 0 (chosen) or at least 4, got 3");
    refused({}, {.method = SobolMethod::owen, .second_order = true}, "sobol: second_order must be False for method = 'owen'");
    const Distribution many = testing::independent(2000, Uniform());
    CHECK_THROWS_WITH_AS(sobol(Problem([](std::span<const double> x) { return x[0]; }, many), {.budget = 1 << 17}),
                         doctest::Contains("points must be 'iid' for more than"), std::invalid_argument);
}

namespace {

/// a + 2 b and 3 a b on (-1, 1)^2: variances 5/3 and 1; c does nothing.
const Problem two_outputs([](std::span<const double> x) { return std::array{x[0] + 2 * x[1], 3 * x[0] * x[1]}; },
                          Joint({Uniform(-1, 1), Uniform(-1, 1), Uniform(-1, 1)}, {"a", "b", "c"}));
const std::vector<double> by_variance{0.125, 0.5, 0, 0.5, 0.875, 0}, alike{0.1, 0.4, 0, 0.6, 0.9, 0};

}  // namespace

TEST_CASE("sobol: the indices of all outputs together are shares of the sum of their variances, or means of their indices") {
    const Indices s = sobol(two_outputs, {.budget = 4096, .rng = 1}),
                  scaled = sobol(two_outputs, {.budget = 4096, .rng = 1}, {.scale = true});
    CHECK(largest_error(s.aggregated, by_variance) < 1e-9);
    CHECK(largest_error(scaled.aggregated, alike) < 1e-9);
    CHECK(s.aggregated.names.front() == "first order of a");
    CHECK(s.aggregated.std_error()[2] == 0);
    for (const auto method : {SobolMethod::combined, SobolMethod::saltelli, SobolMethod::jansen, SobolMethod::janon,
                              SobolMethod::martinez, SobolMethod::owen})
        for (const bool scale : {false, true}) {
            CAPTURE(static_cast<int>(method));
            const Indices e = sobol(two_outputs, {.budget = 1 << 16, .rng = 2},
                                    {.method = method, .surrogate = false, .points = Points::iid, .scale = scale});
            const auto error = e.aggregated.std_error();
            for (std::size_t i = 0; i < 6; ++i)
                CHECK(std::abs(e.aggregated.value[i] - (scale ? alike : by_variance)[i]) < 5 * error[i] + 1e-15);
        }
}

TEST_CASE("sobol: intervals of indices of all outputs together cover") {
    for (const bool scale : {false, true}) {
        double covered = 0;
        for (std::uint64_t key = 0; key < 300; ++key) {
            const Indices e = sobol(two_outputs, {.budget = 5000, .rng = key, .threads = 1},
                                    {.surrogate = false, .points = Points::iid, .scale = scale});
            const auto [low, high] = e.aggregated.confidence_interval();
            for (const std::size_t i : {0, 1, 3, 4}) {
                const double exact = (scale ? alike : by_variance)[i];
                covered += (low[i] <= exact && exact <= high[i]) / 1200.0;
            }
        }
        CHECK(covered > 0.92);   // four indices that go together, 300 runs
        CHECK(covered < 0.98);
    }
}

TEST_CASE("sobol: outputs that do not vary have no part in the indices of all, and too many are refused at the first call") {
    const Problem constant([](std::span<const double> x) { return std::array{x[0] + 2 * x[1], 7.0}; },
                           testing::independent(2, Uniform()));
    for (const bool scale : {false, true})
        CHECK(largest_error(sobol(constant, {.budget = 4096, .rng = 1}, {.scale = scale}).aggregated,
                            {0.2, 0.8, 0.2, 0.8}) < 1e-9);
    std::int64_t rows = 0;
    const Problem many(Model([&](ConstView x) {
                           rows += x.rows;
                           return Outputs{Matrix(x.rows, 2'000, x(0, 0)), {}};
                       }),
                       testing::independent(3, Uniform()), {}, false);
    CHECK_THROWS_WITH_AS(sobol(many, {.budget = 1 << 14}), doctest::Contains("at most 1665 outputs, got 2000"),
                         std::invalid_argument);
    CHECK(rows < 1 << 13);
}

TEST_CASE("sobol: what no adaptive run takes is refused") {
    const auto refused = [](const Run& run, SobolOptions options, const char* message) {
        options.method = SobolMethod::aiscv;
        CHECK_THROWS_WITH_AS(sobol(ishigami.problem, run, options), doctest::Contains(message), std::invalid_argument);
    };
    refused({}, {.second_order = true}, "sobol: second_order must be False for method = 'aiscv'");
    refused({.keep = Keep::state}, {}, "sobol: keep must be 'nothing' for method = 'aiscv'");
    refused({.budget = 1463}, {}, "sobol: budget must be at least 1464 for method = 'aiscv'");
}

TEST_CASE("sobol: intervals hold a row that is hit twice where none was met") {
    // {u1, u2 < 0.03}: about fourteen hits in 2^15 evaluations, and a first order that rests on 0.4 rows hit in both tables
    const double p = 9e-4, first = (2.7e-5 - p * p) / (p - p * p);
    const std::vector<double> exact{first, first, 1 - first, 1 - first};
    const Problem problem([](std::span<const double> u) { return u[0] < 0.03 && u[1] < 0.03 ? 1.0 : 0.0; },
                          testing::independent(2, Uniform()));
    for (const bool surrogate : {false, true}) {
        CAPTURE(surrogate);
        double covered = 0;
        for (std::uint64_t key = 0; key < 60; ++key) {
            const auto [low, high] =
                sobol(problem, {.budget = 1 << 15, .rng = key}, {.surrogate = surrogate}).joint.confidence_interval();
            for (std::size_t i = 0; i < 4; ++i) covered += (low[i] <= exact[i] && exact[i] <= high[i]) / 240.0;
        }
        CHECK(covered > 0.9);   // of the replicates alone: about a half of the first orders
    }
}

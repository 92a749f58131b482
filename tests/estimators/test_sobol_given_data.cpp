#include <buffon/sobol_given_data.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/importance.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Sample drawn(const Problem& problem, std::int64_t n, std::uint64_t key) {
    return *plain(problem, {.budget = n, .rng = key, .keep = Keep::sample}).sample;
}

testing::KnownProblem linear() {   // of normal inputs: shares c_i^2 / c.c
    const std::vector<double> c{1, 0.8, 0.5, 0.2, 0};
    std::vector<double> shares;
    for (const double v : c) shares.push_back(v * v / 1.93);
    const auto model = [c](std::span<const double> x) {
        double y = 0;
        for (std::size_t i = 0; i < c.size(); ++i) y += c[i] * x[i];
        return y;
    };
    return {"linear", Problem(model, testing::standard_normal(5)), {}, {}, {}, "", shares, shares};
}

/// Shares of the runs whose 95 % interval holds the index, input by input.
std::vector<double> coverage(const testing::KnownProblem& known, std::int64_t n, int runs) {
    std::vector<double> covered(known.first_order.size(), 0.0);
    for (int r = 0; r < runs; ++r) {
        const auto [low, high] =
            sobol_given_data(drawn(known.problem, n, 1000 + static_cast<std::uint64_t>(r))).confidence_interval();
        for (std::size_t i = 0; i < covered.size(); ++i)
            covered[i] +=
                (low[i] <= known.first_order[i] && known.first_order[i] <= high[i]) / static_cast<double>(runs);
    }
    return covered;
}

}  // namespace

TEST_CASE("sobol_given_data: first-order indices match the closed forms of three functions") {
    for (const auto& known : {testing::ishigami(), testing::g_function(), linear()}) {
        CAPTURE(known.name);
        const Estimate e = sobol_given_data(drawn(known.problem, 50'000, 3));
        REQUIRE(e.value.size() == known.first_order.size());
        CHECK(e.names == known.problem.inputs().names());
        for (std::size_t i = 0; i < e.value.size(); ++i) {
            CHECK(std::abs(e.value[i] - known.first_order[i]) < 4.5 * e.std_error()[i]);   // 14 checks: one false alarm in 10,000
            CHECK(e.std_error()[i] < 0.01);
        }
        CHECK(e.n == 50'000);
    }
}

TEST_CASE("sobol_given_data: 95 % intervals cover in 95 % of the runs" * doctest::skip()) {
    for (const auto& known : {testing::ishigami(), testing::g_function(), linear()})
        for (const std::int64_t n : {300, 1'000, 3'000}) {
            double mean = 0;
            std::string shares;
            for (const double c : coverage(known, n, 2'000)) {
                shares += std::to_string(c) + " ";
                mean += c / static_cast<double>(known.first_order.size());
            }
            MESSAGE(known.name, " n = ", n, ": ", shares);
            CHECK(mean > 0.93);
            CHECK(mean < 0.97);
        }
}

TEST_CASE("sobol_given_data: intervals of 500 rows cover as often as they say") {
    for (const auto& known : {testing::ishigami(), testing::g_function(), linear()}) {
        CAPTURE(known.name);
        double mean = 0;
        for (const double c : coverage(known, 500, 300)) {
            CHECK(c > 0.89);   // 0.95 less 4.8 standard errors of 300 runs
            mean += c / static_cast<double>(known.first_order.size());
        }
        CHECK(mean > 0.93);
        CHECK(mean < 0.975);
    }
}

TEST_CASE("sobol_given_data: an input of few values has its exact share, whatever the order of the table") {
    const std::int64_t n = 6'000;
    Sample s;
    Matrix x(n, 2), y(n, 1);
    const Stream stream{7, 0};
    for (std::int64_t i = 0; i < n; ++i) {
        x(i, 0) = std::floor(3 * stream.uniform(i, 0));   // 0, 1, 2: variance 2/3
        x(i, 1) = stream.uniform(i, 1);                   // variance 1/12
        y(i, 0) = x(i, 0) + 2 * x(i, 1);
    }
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) rows[static_cast<std::size_t>(i)] = i;
    std::ranges::sort(rows, {}, [&](std::int64_t i) { return y(i, 0); });   // a table sorted by its result
    for (const std::int64_t i : rows) s.append(x.view().slice(i, 1), y.view().slice(i, 1));
    s.inputs = {"level", "u"};
    s.outputs = {"y"};
    const Estimate e = sobol_given_data(s);
    CHECK(std::abs(e.value[0] - 2.0 / 3) < 4 * e.std_error()[0]);
    CHECK(std::abs(e.value[1] - 1.0 / 3) < 4 * e.std_error()[1]);
    CHECK(e.std_error()[0] < 0.01);
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("tied")) == std::vector<double>{1.0, 0.0});
}

TEST_CASE("sobol_given_data: a constant input has no share") {
    Sample s = drawn(testing::ishigami().problem, 1'000, 3);
    for (std::int64_t i = 0; i < s.n(); ++i) s.x(i, 1) = 2.5;
    s.law.reset();
    s.log_density.clear();
    CHECK(std::abs(sobol_given_data(s).value[1]) < 1e-12);
}

TEST_CASE("sobol_given_data: several outputs have one covariance, and equal ones no difference") {
    const Problem problem(
        [](std::span<const double> x) {
            const double y = x[0] + 0.5 * x[1] * x[1];
            return std::vector<double>{y, 3 * y + 1, x[1]};
        },
        testing::standard_normal(2), {"y", "z", "x2"});
    const Estimate e = sobol_given_data(drawn(problem, 2'000, 5));
    CHECK(e.names == std::vector<std::string>{"x1: y", "x1: z", "x1: x2", "x2: y", "x2: z", "x2: x2"});
    const Estimate difference = e.contrast(0, 1);
    CHECK(std::abs(difference.value[0]) < 1e-12);
    CHECK(difference.std_error()[0] < 1e-6 * e.std_error()[0]);
    CHECK(e.value[5] == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("sobol_given_data: the covariance of two indices is that of repeated runs") {
    const auto known = linear();
    double sum[3] = {}, products = 0, claimed = 0;
    const int runs = 400;
    for (int r = 0; r < runs; ++r) {
        const Estimate e = sobol_given_data(drawn(known.problem, 400, 5'000 + static_cast<std::uint64_t>(r)));
        sum[0] += e.value[0] / runs;
        sum[1] += e.value[1] / runs;
        products += e.value[0] * e.value[1] / runs;
        claimed += e.covariance(0, 1) / runs;
    }
    CHECK(products - sum[0] * sum[1] ==
          doctest::Approx(claimed).epsilon(0.35));   // a covariance from 400 runs: 0.09 of 0.00046 ...
    CHECK(claimed < 0);
}

TEST_CASE("sobol_given_data: failed rows are left out, counted and told") {
    Sample s = drawn(testing::ishigami().problem, 5'000, 3);
    const Estimate whole = sobol_given_data(s);
    Sample holes = s;
    for (std::int64_t i = 0; i < 500; ++i) holes.y(i * 10, 0) = i % 2 ? std::nan("") : std::numeric_limits<double>::infinity();
    const Estimate e = sobol_given_data(holes);
    CHECK(e.n == 5'000);
    CHECK(e.n_failed == 500);
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0] == "500 of 5,000 evaluations failed: the values are conditional on success");
    CHECK(e.value[0] != whole.value[0]);
    CHECK(std::abs(e.value[0] - whole.value[0]) < 4 * e.std_error()[0]);
}

TEST_CASE("sobol_given_data: bits depend neither on threads nor, beyond rounding, on the order of the rows") {
    const Sample s = drawn(testing::g_function().problem, 10'000, 3);
    Sample turned = s;
    for (std::int64_t i = 0; i < s.n(); ++i) {
        std::ranges::copy(s.x.view().row(s.n() - 1 - i), turned.x.view().row(i).begin());
        turned.y(i, 0) = s.y(s.n() - 1 - i, 0);
        turned.log_density[static_cast<std::size_t>(i)] = s.log_density[static_cast<std::size_t>(s.n() - 1 - i)];
    }
    const Estimate a = sobol_given_data(s, {.threads = 1}), b = sobol_given_data(s, {.threads = 4}), c = sobol_given_data(turned);
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    for (std::size_t i = 0; i < a.value.size(); ++i) {
        CHECK(c.value[i] == doctest::Approx(a.value[i]).epsilon(1e-9));
        CHECK(c.std_error()[i] == doctest::Approx(a.std_error()[i]).epsilon(1e-9));
    }
}

TEST_CASE("sobol_given_data: shift and scale of the outputs change nothing") {
    Sample s = drawn(testing::ishigami().problem, 2'000, 3);
    const Estimate before = sobol_given_data(s);
    for (double& v : s.y.data) v = 1e6 + 1e-3 * v;
    const Estimate after = sobol_given_data(s);
    for (std::size_t i = 0; i < 3; ++i) CHECK(after.value[i] == doctest::Approx(before.value[i]).epsilon(1e-5));
}

TEST_CASE("sobol_given_data: what cannot be is refused") {
    const auto known = testing::ishigami();
    const auto refused = [](const Sample& s, const char* message) {
        CHECK_THROWS_WITH_AS(sobol_given_data(s), message, std::invalid_argument);
    };
    refused(drawn(known.problem, 29, 1), "sobol_given_data: the sample must have at least 30 rows that succeeded, got 29");
    Sample constant = drawn(known.problem, 100, 1);
    for (double& v : constant.y.data) v = 4.25;
    refused(constant, "sobol_given_data: output 'y' is the same in every row: it has no variance to share");
    const Problem one([](std::span<const double> x) { return x[0]; }, testing::standard_normal(1));
    const Sample tilted = *importance(one, {.budget = 100, .rng = 1, .keep = Keep::sample},
                                      {.proposal = Distribution(Univariate(Normal(1, 1)))})
                               .sample;
    refused(tilted,
            "sobol_given_data: the rows of the sample must have equal weights: take draws of the law itself, as plain "
            "keeps them");
    CHECK_THROWS_AS(sobol_given_data(drawn(known.problem, 100, 1), {.threads = -1}), std::invalid_argument);
}

TEST_CASE("sobol_given_data: few rows, and points of nets, are told") {
    const auto known = testing::ishigami();
    const auto told = [](const Estimate& e, const char* words) {
        return std::ranges::any_of(e.warnings, [&](const auto& text) { return text.find(words) != std::string::npos; });
    };
    CHECK(told(sobol_given_data(drawn(known.problem, 60, 1)), "only 60 rows"));
    CHECK_FALSE(told(sobol_given_data(drawn(known.problem, 300, 1)), "rows"));
    const Sample nets = *quasi(known.problem, {.budget = 1'024, .rng = 1, .keep = Keep::sample}).sample;
    CHECK(told(sobol_given_data(nets), "scrambled nets"));
}

#include <buffon/joint_means.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/importance.hpp>
#include <buffon/moments.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/tails.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// exp(x1) and x2^2 of two standard normal inputs.
const Problem& curved() {
    static const Problem problem([](std::span<const double> x) { return std::vector{std::exp(x[0]), x[1] * x[1]}; },
                                 testing::standard_normal(2));
    return problem;
}

Run kept(std::int64_t budget, std::uint64_t key) { return {.budget = budget, .rng = key, .threads = 1, .keep = Keep::sample}; }

/// The outputs themselves, with x1 and x2^2 - 1 as controls in two groups: no weights, so without `edges`.
TermsOf outputs_of(const KeptRows& rows) {
    return [&rows](std::int64_t g, std::int64_t first, std::int64_t count) {
        Terms out{Matrix(count, 1), Matrix(count, 1), {}};
        const ConstView x = rows.points(first, count);
        for (std::int64_t i = 0; i < count; ++i) {
            out.t(i, 0) = rows.y(first + i, g);
            out.controls(i, 0) = g == 0 ? x(i, 0) : x(i, 1) * x(i, 1) - 1;
        }
        return out;
    };
}

}  // namespace

TEST_CASE("without controls the means and their covariance are those of the run") {
    for (const bool nets : {false, true}) {
        const Estimate run = nets ? quasi(curved(), kept(20'000, 3)) : plain(curved(), kept(10'001, 3));
        const KeptRows rows("test", *run.sample);
        const Estimate e = joint_means(rows, {"a", "b"}, 2, outputs_of(rows), false, false);
        CHECK(e.degrees_of_freedom == run.degrees_of_freedom);
        for (std::int64_t j = 0; j < 2; ++j) {
            CHECK(std::abs(e.value[static_cast<std::size_t>(j)] / run.value[static_cast<std::size_t>(j)] - 1) < 1e-12);
            for (std::int64_t k = 0; k < 2; ++k)
                CHECK(std::abs(e.covariance(j, k) - run.covariance(j, k)) < 1e-9 * run.covariance(0, 0));
        }
        CHECK(e.n == run.n);
    }
}

TEST_CASE("controls take their part of the error, a control that is the summand all of it") {
    const Estimate run = plain(curved(), kept(40'000, 4));
    const KeptRows rows("test", *run.sample);
    const Estimate e = joint_means(rows, {"a", "b"}, 2, outputs_of(rows), true, false);
    // of exp(x) the linear part: (e - 1) e - e of (e - 1) e stays
    CHECK(e.covariance(0, 0) / run.covariance(0, 0) == doctest::Approx(1 - 1 / (std::exp(1.0) - 1)).epsilon(0.1));
    CHECK(std::abs(e.value[0] - std::exp(0.5)) < 5 * e.std_error()[0]);
    CHECK(std::abs(e.value[1] - 1) < 1e-9);
    CHECK(e.std_error()[1] < 1e-9);
}

TEST_CASE("nothing depends on threads") {
    const Estimate run = quasi(curved(), kept(40'000, 5));
    const KeptRows one("test", *run.sample, {}, 1), two("test", *run.sample, {}, 2);
    const Estimate a = joint_means(one, {"a", "b"}, 2, outputs_of(one), true, false),
                   b = joint_means(two, {"a", "b"}, 2, outputs_of(two), true, false);
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
}

TEST_CASE("clusters of different size have the error of their totals about the mean") {
    Sample s;
    Matrix x(5, 1), y(5, 1);
    const double values[] = {1, 2, 3, 5, 4};
    for (std::int64_t i = 0; i < 5; ++i) y(i, 0) = values[i];
    s.append(x, y);
    s.inputs = {"x"};
    s.outputs = {"y"};
    s.log_density.assign(5, 0.0);
    s.replicate = {0, 0, 1, 2, 2};
    const KeptRows rows("test", s);
    const Estimate e = joint_means(rows, {"y"}, 1, [&](std::int64_t, std::int64_t first, std::int64_t count) {
        Terms out{Matrix(count, 1), Matrix(count, 0), {}};
        for (std::int64_t i = 0; i < count; ++i) out.t(i, 0) = rows.y(first + i, 0);
        return out;
    });
    CHECK(e.value[0] == doctest::Approx(3));
    // totals about 3 n_r: -3, 0, 3; R / (R - 1) times their squares / n^2
    CHECK(e.covariance(0, 0) == doctest::Approx(1.5 * 18 / 25));
    CHECK(e.degrees_of_freedom == 2);
}

TEST_CASE("estimates from different samples merge, those from one do not") {
    const Estimate runs[] = {plain(curved(), kept(1'000, 7)), plain(curved(), kept(1'000, 8))};
    const KeptRows a("test", *runs[0].sample), b("test", *runs[1].sample);
    const Estimate first = joint_means(a, {"a", "b"}, 2, outputs_of(a), true, false),
                   second = joint_means(b, {"a", "b"}, 2, outputs_of(b), true, false);
    CHECK(first.merge(second).value[0] == doctest::Approx((first.value[0] + second.value[0]) / 2));
    CHECK_THROWS_AS(first.merge(joint_means(a, {"a", "b"}, 2, outputs_of(a), true, false)), std::invalid_argument);
}

TEST_CASE("errors include half a row more where the sample is thin") {
    const Problem line([](std::span<const double> x) { return x[0]; }, testing::standard_normal(1));
    const Estimate run = importance(line, kept(2'000, 9), {.proposal = testing::independent(1, Normal(1, 0.8))});
    const KeptRows rows("test", *run.sample);
    const LogDensity density = log_density_of(*run.sample->law);
    const auto weighted = [&](std::int64_t, std::int64_t first, std::int64_t count) {
        const std::vector<double> w = rows.weights(density, first, count);
        Terms out{Matrix(count, 1), Matrix(count, 1), {}};
        for (std::int64_t i = 0; i < count; ++i) {
            out.t(i, 0) = w[static_cast<std::size_t>(i)] * (rows.y(first + i, 0) > 1 ? 1.0 : 0.0);
            out.controls(i, 0) = w[static_cast<std::size_t>(i)] - 1;
        }
        return out;
    };
    const Estimate with = joint_means(rows, {"P"}, 1, weighted, false),
                   without = joint_means(rows, {"P"}, 1, weighted, false, false);
    const double m = std::get<std::vector<double>>(with.diagnostics.at("one_row_more"))[0];
    CHECK(m > 0.5);
    CHECK(with.value == without.value);
    CHECK(with.covariance(0, 0) ==
          doctest::Approx(without.covariance(0, 0) * (1 + 0.25 * std::pow(std::min(m, most_of_one_row), 2))));
}

TEST_CASE("a mean to which no draw contributes warns") {
    const Estimate run = plain(curved(), kept(1'000, 6));
    const KeptRows rows("test", *run.sample);
    const Estimate e = joint_means(rows, {"never"}, 1, [](std::int64_t, std::int64_t, std::int64_t count) {
        return Terms{Matrix(count, 1), Matrix(count, 0), {}};
    });
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0] == "'never': no row of the sample contributes, so its error of 0 says nothing");
}

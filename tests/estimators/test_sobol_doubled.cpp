#include <buffon/sobol_doubled.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/errors.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// exp(s (z1 + z2 + z3) / sqrt 3) of normal z: parts of the variance are differences of exponentials.
constexpr double s2 = 3.0;
const Problem lognormal([](std::span<const double> z) { return std::exp(std::sqrt(s2 / 3) * (z[0] + z[1] + z[2])); },
                        testing::standard_normal(3));
const double first = std::expm1(s2 / 3) / std::expm1(s2), total = 1 - std::expm1(2 * s2 / 3) / std::expm1(s2);
const std::vector<double> shares{first, first, first, total, total, total};

double error_of(const SobolOptions& options, std::int64_t budget, std::uint64_t runs) {
    double squares = 0;
    for (std::uint64_t key = 0; key < runs; ++key) {
        const Estimate e = sobol(lognormal, {.budget = budget, .rng = key}, options).joint;
        for (std::size_t i = 0; i < 6; ++i) squares += std::pow(e.value[i] - shares[i], 2) / (6.0 * static_cast<double>(runs));
    }
    return std::sqrt(squares);
}

}  // namespace

TEST_CASE("sobol_doubled: two copies of the inputs keep what depends on what") {
    Matrix r(2, 2);
    r(0, 0) = r(1, 1) = 1;
    r(0, 1) = r(1, 0) = 0.5;
    const Distribution joint = doubled(
        Joint({Normal(), Normal(), Uniform()}, {"a", "b", "c"}, std::vector<CopulaGroup>{{GaussianCopula(r), {0, 1}}}));
    CHECK(joint.names() == std::vector<std::string>{"a", "b", "c", "a'", "b'", "c'"});
    const Matrix c = joint.covariance();
    CHECK(c(0, 1) == doctest::Approx(0.5));
    CHECK(c(3, 4) == doctest::Approx(0.5));
    CHECK(c(0, 3) == 0);
    const Distribution normal = doubled(MultivariateNormal({1, 2}, r));
    CHECK(normal.mean() == std::vector<double>{1, 2, 1, 2});
    CHECK(normal.covariance()(2, 3) == 0.5);
    CHECK(normal.covariance()(1, 2) == 0);
    CHECK_THROWS_WITH_AS(doubled(MultivariateT({0, 0}, r, 5)),
                         doctest::Contains("must be a Joint or a MultivariateNormal"), std::invalid_argument);
}

TEST_CASE("sobol_doubled: indices of a function whose tail makes its variance, where others fail") {
    const double adaptive = error_of({.method = SobolMethod::aiscv}, 1 << 15, 6);
    CHECK(adaptive < 0.01);
    CHECK(adaptive < 0.4 * error_of({.method = SobolMethod::saltelli, .points = Points::iid}, 1 << 15, 6));
}

TEST_CASE("sobol_doubled: intervals cover" * doctest::timeout(120)) {
    double covered = 0;
    constexpr std::uint64_t runs = 40;
    for (std::uint64_t key = 0; key < runs; ++key) {
        const Estimate e = sobol(lognormal, {.budget = 20'000, .rng = 100 + key}, {.method = SobolMethod::aiscv}).joint;
        const auto [low, high] = e.confidence_interval();
        for (std::size_t i = 0; i < 6; ++i) covered += (low[i] <= shares[i] && shares[i] <= high[i]) / (6.0 * runs);
        CHECK(e.n <= 20'000);
        CHECK(e.n > 19'000);
    }
    CHECK(covered > 0.87);   // six indices that go together, 40 runs
}

TEST_CASE("sobol_doubled: a rare event with a score has its indices") {
    const double t = 3.0;
    const Problem sum([](std::span<const double> z) { return (z[0] + z[1]) / std::sqrt(2.0); }, testing::standard_normal(2));
    const Indices s = sobol(exceedance(sum, {t}), {.budget = 40'000, .rng = 1}, {.method = SobolMethod::aiscv});
    // P = 1.349898e-3; of both of a pair with correlation 1/2, by Gauss-Legendre quadrature, 8.188966e-5
    const double p = 1.349898e-3, both = 8.188966e-5, index = (both - p * p) / (p - p * p);
    const auto error = s.joint.std_error();
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(std::abs(s.first_order.value[i] - index) < 5 * error[i]);
        CHECK(std::abs(s.total_order.value[i] - (1 - index)) < 5 * error[2 + i]);
        CHECK(error[i] < 0.05 * index);
    }
}

TEST_CASE("sobol_doubled: groups, several outputs, inputs without effect, centred outputs") {
    const Problem problem(
        [](std::span<const double> x) { return std::array{100 + x[0] + 2 * x[1] + 0 * x[2], x[0] * x[1], 7.0}; },
        testing::independent(3, Uniform()));
    const Indices s = sobol(problem, {.budget = 40'000, .rng = 2},
                            {.method = SobolMethod::aiscv, .groups = {{"both", {"x1", "x2"}}}, .scale = true});
    CHECK(s.groups == std::vector<std::string>{"both", "x3"});
    for (const char* name : {"both: y1", "both: y2"}) {
        const auto i = static_cast<std::size_t>(s.first_order.index(name));
        CHECK(std::abs(s.first_order.value[i] - 1) < 5 * s.first_order.std_error()[i] + 1e-9);
    }
    for (const Estimate* e : {&s.first_order, &s.total_order}) {
        CHECK(e->value[static_cast<std::size_t>(e->index("x3: y1"))] == 0);
        CHECK(e->std_error()[static_cast<std::size_t>(e->index("x3: y2"))] == 0);
        CHECK(std::isnan(e->value[static_cast<std::size_t>(e->index("x3: y3"))]));
    }
    CHECK(s.aggregated.value[1] == 0);
    CHECK(std::abs(s.aggregated.value[0] - 1) < 5 * s.aggregated.std_error()[0] + 1e-9);
}

TEST_CASE("sobol_doubled: failures are told of the model's own points, or their pairs left out") {
    const auto failing_above = [](double limit) {
        return Problem(
            [=](std::span<const double> x) {
                return x[0] > limit ? std::numeric_limits<double>::quiet_NaN() : x[0] + x[1];
            },
            testing::independent(2, Uniform()));
    };
    try {
        sobol(failing_above(0.999), {.budget = 10'000, .rng = 1}, {.method = SobolMethod::aiscv});
        FAIL("nothing was thrown");
    } catch (const ModelError& error) {
        CHECK(error.point.size() == 2);
        REQUIRE(error.sample.x.cols == 2);
        CHECK(error.sample.x.rows >= 200);   // the pilot, at least
        CHECK(std::string(error.what()).starts_with("sobol: the model gave nan for output 'y' at point"));
    }
    const Indices s = sobol(failing_above(0.95), {.budget = 10'000, .rng = 1, .on_error = OnError::discard},
                            {.method = SobolMethod::aiscv});
    CHECK(s.joint.n_failed > 100);
    CHECK(s.joint.size() == 4);
    CHECK(s.first_order.value[0] > 0.3);
    CHECK_FALSE(s.joint.warnings.empty());
}

TEST_CASE("sobol: the doubled space refuses what it has no use for") {
    for (const SobolOptions& options : {SobolOptions{.method = SobolMethod::aiscv, .points = Points::iid},
                                        SobolOptions{.method = SobolMethod::aiscv, .replicates = 16},
                                        SobolOptions{.method = SobolMethod::aiscv, .second_order = true}})
        CHECK_THROWS_AS(sobol(lognormal, {.budget = 4'000}, options), std::invalid_argument);
}

#include <buffon/wasserstein_metrics.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key, double mean = 0.0, double sd = 1.0) {
    Matrix x(n, d);
    Stream{key, 3}.normal(0, x.view());
    for (double& v : x.data) v = mean + sd * v;
    return x;
}

PointSets one(Matrix x) { return {{std::move(x)}, {}}; }

/// Runs of a metric: their mean and standard deviation, the mean claimed variance, the share of intervals that hold the mean.
struct Repeated {
    double mean = 0, sd = 0, claimed = 0, covered = 0, floor = 0;
};

template <class F>
Repeated repeat(int times, const F& run) {
    std::vector<Estimate> all;
    for (int r = 0; r < times; ++r) all.push_back(run(static_cast<std::uint64_t>(r)));
    Repeated out;
    double square = 0;
    for (const Estimate& e : all) {
        out.mean += e.value[0] / times;
        square += e.value[0] * e.value[0] / times;
        out.claimed += e.covariance(0, 0) / times;
        out.floor += std::get<std::vector<double>>(e.diagnostics.at("floor"))[0] / times;
    }
    out.sd = std::sqrt(square - out.mean * out.mean);
    for (const Estimate& e : all) {
        const auto [low, high] = e.confidence_interval();
        out.covered += (low[0] <= out.mean && out.mean <= high[0]) / static_cast<double>(times);
    }
    return out;
}

}  // namespace

TEST_CASE("sliced_w2: in one dimension it is W2, of unequal samples too") {
    Matrix a(2, 1), b(3, 1);
    a.data = {0.0, 3.0};
    b.data = {1.0, 2.0, 6.0};
    Matrix wide_a(4, 1), wide_b(6, 1);   // every point twice: the same laws
    for (std::int64_t i = 0; i < 4; ++i) wide_a(i, 0) = a(i / 2, 0);
    for (std::int64_t i = 0; i < 6; ++i) wide_b(i, 0) = b(i / 2, 0);
    // quantiles: [0, 1/3] 0 -> 1, [1/3, 1/2] 0 -> 2, [1/2, 2/3] 3 -> 2, [2/3, 1] 3 -> 6
    CHECK(sliced_w2(one(wide_a), {wide_b}).value[0] == doctest::Approx(std::sqrt(1.0 / 3 + 4.0 / 6 + 1.0 / 6 + 9.0 / 3)));
    CHECK(sliced_w2(one(wide_b), {wide_a}).value[0] == doctest::Approx(std::sqrt(1.0 / 3 + 4.0 / 6 + 1.0 / 6 + 9.0 / 3)));
}

TEST_CASE("sliced_w2: normal laws in closed form, with the errors that runs have") {
    constexpr int times = 500;
    // a shift by m in every coordinate has the squared projection m^2 on average, a scale by s adds (s - 1)^2
    struct Case { std::int64_t n, m; double mean, sd; };
    for (const Case c : {Case{400, 400, 0.8, 1.0}, {300, 500, 0.5, 1.6}}) {
        const double exact = std::sqrt(c.mean * c.mean + (c.sd - 1) * (c.sd - 1));
        const Repeated found = repeat(times, [&](std::uint64_t r) {
            return sliced_w2(one(normal(c.n, 3, 2 * r, c.mean, c.sd)), {normal(c.m, 3, 2 * r + 1)},
                             {.directions = 64, .rng = r, .threads = 1});
        });
        CHECK(std::abs(found.mean - exact) < 0.5 * found.sd);
        CHECK(std::sqrt(found.claimed) / found.sd == doctest::Approx(1).epsilon(0.12));
        CHECK(found.covered > 0.9);
        CHECK(found.covered < 0.98);
    }
    const Repeated equal = repeat(300, [&](std::uint64_t r) {
        return sliced_w2(one(normal(300, 3, 2 * r)), {normal(400, 3, 2 * r + 1)},
                         {.directions = 32, .rng = r, .threads = 1});
    });
    CHECK(equal.floor / equal.mean == doctest::Approx(1).epsilon(0.1));
}

TEST_CASE("w2: a shift is its length; errors are those that runs have, the floor is the mean of equal laws") {
    const Matrix y = normal(80, 3, 2);
    Matrix moved = y;
    for (std::int64_t i = 0; i < 80; ++i) moved(i, 0) += 3.0, moved(i, 2) -= 4.0;
    const Estimate e = w2(one(moved), {y});
    CHECK(e.value[0] == doctest::Approx(5.0));
    CHECK(e.std_error()[0] < 1e-12);
    CHECK(e.n == 160);
    const Repeated apart = repeat(500, [&](std::uint64_t r) {
        return w2(one(normal(200, 2, 2 * r, 0.8)), {normal(200, 2, 2 * r + 1)}, {.blocks = 5, .threads = 1});
    });
    CHECK(std::sqrt(apart.claimed) / apart.sd == doctest::Approx(1).epsilon(0.12));
    CHECK(apart.covered > 0.92);
    CHECK(apart.covered < 0.98);
    const Repeated equal = repeat(300, [&](std::uint64_t r) {
        return w2(one(normal(120, 2, 2 * r)), {normal(120, 2, 2 * r + 1)}, {.blocks = 4, .threads = 1});
    });
    CHECK(equal.floor / equal.mean == doctest::Approx(1).epsilon(0.03));
}

TEST_CASE("w2, sliced_w2: joint errors, threads, refusals") {
    const Matrix x = normal(60, 2, 1, 0.5), y = normal(60, 2, 2), near = normal(60, 2, 3, 0.6);
    const Estimate e = sliced_w2({{x, near}, {"a", "b"}}, {y}, {.directions = 20, .rng = 5, .threads = 1}),
                   two = sliced_w2({{x, near}, {"a", "b"}}, {y}, {.directions = 20, .rng = 5, .threads = 3});
    CHECK(e.value == two.value);
    CHECK(e.covariance.data == two.covariance.data);
    CHECK(e.names == std::vector<std::string>{"a", "b"});
    CHECK(e.covariance(0, 1) > 0);   // the common reference
    CHECK(w2({{x, near}, {}}, {y}).covariance(0, 1) == w2({{x, near}, {}}, {y}, {.threads = 2}).covariance(1, 0));
    CHECK_THROWS_WITH(w2(one(normal(50, 2, 1)), {y}), "w2: x must have the 60 rows of the reference, got 50");
    CHECK_THROWS_WITH(w2(one(x), {y}, {.blocks = 1}), "w2: blocks must be at least 2, got 1");
    CHECK_THROWS_WITH(sliced_w2(one(x), {y}, {.directions = 1}), "sliced_w2: directions must be at least 2, got 1");
}

TEST_CASE("w2, sliced_w2: what samples of one law are apart is no sign of a difference, and said") {
    const Matrix x = normal(200, 3, 1), near = normal(200, 3, 2), far = normal(200, 3, 3, 2.0);
    const PointSets both{{near, far}, {}};
    for (const Estimate& e : {w2(both, {x}), sliced_w2(both, {x}, {.rng = 1})}) {
        REQUIRE(e.warnings.size() == 1);
        CHECK(e.warnings[0].starts_with("'" + e.names[0] + "': "));
        CHECK(e.warnings[0].find("no sign of a difference") != std::string::npos);
    }
}

#include <buffon/prdc.hpp>

#include <algorithm>
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

double distance(const Matrix& x, std::int64_t i, const Matrix& y, std::int64_t j) {
    double sum = 0;
    for (std::int64_t k = 0; k < x.cols; ++k) sum += std::pow(x(i, k) - y(j, k), 2);
    return std::sqrt(sum);
}

double radius(const Matrix& x, std::int64_t i, std::int64_t k) {
    std::vector<double> all;
    for (std::int64_t j = 0; j < x.rows; ++j) all.push_back(distance(x, i, x, j));
    std::ranges::sort(all);
    return all[static_cast<std::size_t>(k)];   // the first is its own
}

/// By the formulas, one pair after the other.
std::vector<double> by_loops(const Matrix& x, const Matrix& y, std::int64_t narrow, std::int64_t wide) {
    const double n = static_cast<double>(x.rows), m = static_cast<double>(y.rows);
    std::vector<double> out(4, 0.0);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        bool within = false;
        for (std::int64_t j = 0; j < y.rows; ++j) {
            within |= distance(x, i, y, j) < radius(y, j, narrow);
            out[2] += (distance(x, i, y, j) < radius(y, j, wide)) / (n * static_cast<double>(wide));
        }
        out[0] += within / n;
    }
    for (std::int64_t j = 0; j < y.rows; ++j) {
        bool reached = false, covered = false;
        for (std::int64_t i = 0; i < x.rows; ++i) {
            reached |= distance(x, i, y, j) < radius(x, i, narrow);
            covered |= distance(x, i, y, j) < radius(y, j, wide);
        }
        out[1] += reached / m;
        out[3] += covered / m;
    }
    return out;
}

}  // namespace

TEST_CASE("prdc: values are those of the formulas, wherever the points are") {
    for (const double away : {0.0, 1e5}) {
        const Matrix x = normal(60, 3, 1, away + 0.5, 0.8), y = normal(50, 3, 2, away);
        for (const auto& [narrow, wide] : {std::pair{3, 5}, {4, 2}}) {
            const Estimate e = prdc(one(x), {y}, {.precision_k = narrow, .density_k = wide, .threads = 1});
            const std::vector<double> expected = by_loops(x, y, narrow, wide);
            for (std::size_t v = 0; v < 4; ++v) CHECK(e.value[v] == doctest::Approx(expected[v]).epsilon(1e-12));
            CHECK(e.n == 110);
        }
    }
}

TEST_CASE("prdc: errors are those that runs have, intervals cover, the floor is the mean of equal laws") {
    struct Case { std::int64_t n, m, d; double mean, sd; };
    for (const Case c : {Case{240, 200, 2, 0.0, 1.0}, {200, 200, 4, 0.0, 0.8}, {160, 240, 3, 0.6, 1.0}}) {
        constexpr int times = 500;
        std::vector<Estimate> runs;
        for (std::uint64_t r = 0; r < times; ++r)
            runs.push_back(
                prdc(one(normal(c.n, c.d, 2 * r, c.mean, c.sd)), {normal(c.m, c.d, 2 * r + 1)}, {.threads = 1}));
        for (std::size_t v = 0; v < 4; ++v) {
            CAPTURE(v);
            double mean = 0, square = 0, claimed = 0, covered = 0, floor = 0;
            for (const Estimate& e : runs) mean += e.value[v] / times;
            for (const Estimate& e : runs) {
                square += std::pow(e.value[v] - mean, 2) / (times - 1);
                claimed += e.covariance(static_cast<std::int64_t>(v), static_cast<std::int64_t>(v)) / times;
                const auto [low, high] = e.confidence_interval();
                covered += (low[v] <= mean && mean <= high[v]) / static_cast<double>(times);
                floor += std::get<std::vector<double>>(e.diagnostics.at("floor"))[v] / times;
            }
            CHECK(std::sqrt(claimed / square) > 0.85);
            CHECK(std::sqrt(claimed / square) < 1.25);
            CHECK(covered > 0.83);   // least where all but a few points are covered: errors are skew
            CHECK(covered < 0.985);
            if (c.mean == 0.0 && c.sd == 1.0) CHECK(std::abs(floor - mean) < 4 * std::sqrt(2 * square / times) + 1e-12);
        }
    }
}

TEST_CASE("prdc: several samples, names, threads, refusals") {
    const Matrix x = normal(90, 2, 1), y = normal(80, 2, 2), far = normal(90, 2, 3, 20.0);
    const Estimate e = prdc({{x, far}, {"near", "far"}}, {y}, {.threads = 1});
    CHECK(e.names == std::vector<std::string>{"near.precision", "near.recall", "near.density", "near.coverage",
                                              "far.precision", "far.recall", "far.density", "far.coverage"});
    for (std::size_t v = 4; v < 8; ++v) CHECK(e.value[v] == 0.0);
    for (const double s : e.std_error()) CHECK(s > 0);   // no value is known without error
    CHECK(prdc(one(x), {y}).names == std::vector<std::string>{"precision", "recall", "density", "coverage"});
    const Estimate four = prdc({{x, far}, {"near", "far"}}, {y}, {.threads = 4});
    CHECK(four.value == e.value);
    CHECK(four.covariance.data == e.covariance.data);
    CHECK(e.covariance(0, 3) == e.covariance(3, 0));
    CHECK_THROWS_WITH(prdc(one(x), {y}, {.precision_k = 0}), "prdc: precision_k must be at least 1, got 0");
    CHECK_THROWS_WITH(prdc(one(x), {y}, {.density_k = 40}), "prdc: y must have at least 164 rows, got 80");
    CHECK_THROWS_WITH(prdc(one(normal(90, 3, 1)), {y}), "prdc: x must have the 2 columns of the reference, got 3");
}

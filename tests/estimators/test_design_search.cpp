#include <buffon/design_search.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <buffon/evaluate_at.hpp>
#include <buffon/first_look.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

using Scores = std::function<std::vector<double>(std::span<const double>)>;

struct Found {
    std::vector<DesignPoint> points;
    std::int64_t spent, counted;
    bool exhausted;
};

/// Of events {score_j > 0} of d standard normal inputs.
Found found(std::int64_t d, const Scores& scores, std::uint64_t key = 1, SearchOptions options = {}, std::int64_t most = 20'000) {
    const auto model = [&](ConstView x) {
        Outputs out;
        for (std::int64_t i = 0; i < x.rows; ++i) {
            const std::vector<double> s = scores(x.row(i));
            if (i == 0) out.y = out.score = Matrix(x.rows, static_cast<std::int64_t>(s.size()));
            for (std::size_t j = 0; j < s.size(); ++j) {
                out.score(i, static_cast<std::int64_t>(j)) = s[j];
                out.y(i, static_cast<std::int64_t>(j)) = s[j] > 0;
            }
        }
        return out;
    };
    const Problem problem(Model(model), testing::standard_normal(d));
    const Run run{.budget = 2 * most, .rng = key, .threads = 1};
    Evaluation evaluate("here", problem, run);
    const WorkingSpace space = WorkingSpace::normal(problem.inputs());
    Pool pool;
    look_first(evaluate, space, most, pool);
    options.most = most - pool.n();
    DesignSearch search(evaluate, space, pool.z(), pool.score(), options);
    const auto& points = search.run();
    return {points, search.spent(), evaluate.n() - pool.n(), search.exhausted()};
}

Found found_one(std::int64_t d, const std::function<double(std::span<const double>)>& score, std::uint64_t key = 1,
                SearchOptions options = {}) {
    return found(d, [&](std::span<const double> x) { return std::vector<double>{score(x)}; }, key, options);
}

std::vector<double> betas(const Found& f) {
    std::vector<double> out;
    for (const DesignPoint& p : f.points) out.push_back(p.beta);
    std::ranges::sort(out);
    return out;
}

bool near(const std::vector<double>& u, const std::vector<double>& v, double tolerance) {
    double square = 0;
    for (std::size_t i = 0; i < u.size(); ++i) square += (u[i] - v[i]) * (u[i] - v[i]);
    return std::sqrt(square) < tolerance;
}

double sum(std::span<const double> x) {
    double out = 0;
    for (const double v : x) out += v;
    return out;
}

}  // namespace

TEST_CASE("design_search: a half-space has one point, found at the cost of two gradients and known by its count") {
    const SearchOptions single{.starts = 0};
    const Found f = found_one(50, [](std::span<const double> x) { return sum(x) / std::sqrt(50.0) - 4; }, 1, single);
    REQUIRE(f.points.size() == 1);
    CHECK(f.points[0].beta == doctest::Approx(4).epsilon(1e-6));
    CHECK(f.points[0].slope == doctest::Approx(1).epsilon(1e-4));
    CHECK(f.points[0].converged);
    CHECK(f.spent == f.counted);
    CHECK(f.spent <= 1 + 1 + 2 * (50 + 5));
}

TEST_CASE("design_search: two opposite half-spaces in 50 inputs, in every one of twenty runs") {
    for (std::uint64_t key = 1; key <= 20; ++key) {
        const Found f = found_one(50, [](std::span<const double> x) { return std::abs(sum(x)) / std::sqrt(50.0) - 4.9; }, key);
        REQUIRE(f.points.size() == 2);
        CHECK(betas(f)[0] == doctest::Approx(4.9).epsilon(1e-4));
        CHECK(betas(f)[1] == doctest::Approx(4.9).epsilon(1e-4));
    }
}

TEST_CASE("design_search: the four branches of a series system, with their distances 3 and 3.5") {
    for (std::uint64_t key = 1; key <= 20; ++key) {
        const Found f = found_one(2, [](std::span<const double> x) {
            const double difference = x[0] - x[1];
            return -std::min(3 + 0.1 * difference * difference - std::abs(x[0] + x[1]) / std::sqrt(2.0),
                             7 / std::sqrt(2.0) - std::abs(difference));
        }, key);
        REQUIRE(f.points.size() == 4);
        const auto b = betas(f);
        for (const int k : {0, 1}) CHECK(b[static_cast<std::size_t>(k)] == doctest::Approx(3).epsilon(1e-3));
        for (const int k : {2, 3}) CHECK(b[static_cast<std::size_t>(k)] == doctest::Approx(3.5).epsilon(1e-3));
    }
}

TEST_CASE("design_search: a rarer region at a right angle is found from the opposite of the first point, in 20 inputs") {
    for (std::uint64_t key = 1; key <= 20; ++key) {
        const Found f = found_one(20, [](std::span<const double> x) { return std::max(x[0] - 3, -x[1] - 4.2); }, key);
        const auto b = betas(f);
        REQUIRE(b.size() == 2);
        CHECK(b[0] == doctest::Approx(3).epsilon(1e-4));
        CHECK(b[1] == doctest::Approx(4.2).epsilon(1e-4));
    }
}

TEST_CASE("design_search: an intersection has its point at the corner, where no gradient leads") {
    for (std::uint64_t key = 1; key <= 10; ++key) {
        const Found f = found_one(10, [](std::span<const double> x) { return std::min({x[0] - 2, x[1] - 3, x[2] - 1}); }, key);
        REQUIRE(f.points.size() == 1);
        std::vector<double> corner(10);
        corner[0] = 2;
        corner[1] = 3;
        corner[2] = 1;
        CHECK(near(f.points[0].u, corner, 0.05));
    }
}

TEST_CASE("design_search: a curved surface has its nearest point, also by central differences") {
    // s = x1 - 3 + x2^2 / 2 (d = 3): |u|^2 least on x1 = 3 - x2^2 / 2 is at x2^2 = 2 (3 - 1) = 4, x1 = 1: beta = sqrt(5), twice
    for (const auto differences : {Differences::forward, Differences::central}) {
        const Found f = found_one(3, [](std::span<const double> x) { return x[0] - 3 + 0.5 * x[1] * x[1]; }, 3,
                                  {.differences = differences, .tolerance = 1e-4});
        REQUIRE(f.points.size() >= 2);
        const auto b = betas(f);
        CHECK(b[0] == doctest::Approx(std::sqrt(5.0)).epsilon(1e-3));
        CHECK(b[1] == doctest::Approx(std::sqrt(5.0)).epsilon(1e-3));
    }
}

TEST_CASE("design_search: levels of one function are found from each other, at a fraction of the cost") {
    const auto level = [](double beta) {
        return [beta](std::span<const double> x) {
            return std::vector<double>{std::abs(sum(x)) / std::sqrt(20.0) - 3,
                                       std::abs(sum(x)) / std::sqrt(20.0) - beta};
        };
    };
    const Found both = found(20, level(4.5));
    REQUIRE(both.points.size() == 4);
    CHECK(std::ranges::count_if(
              both.points, [](const DesignPoint& p) { return p.output == 1 && std::abs(p.beta - 4.5) < 1e-3; }) == 2);
    const Found one = found(
        20, [](std::span<const double> x) { return std::vector<double>{std::abs(sum(x)) / std::sqrt(20.0) - 3}; });
    CHECK(both.spent < one.spent + 6 * 26);
}

TEST_CASE("design_search: what is likely at the origin has no point, nor a score that does not vary") {
    CHECK(found_one(3, [](std::span<const double> x) { return x[0] + 1; }).points.empty());
    CHECK(found_one(3, [](std::span<const double>) { return -1.0; }).points.empty());
}

TEST_CASE("design_search: evaluations are limited, and the limit is told") {
    const Found f = found(
        50, [](std::span<const double> x) { return std::vector<double>{sum(x) / std::sqrt(50.0) - 4}; }, 1, {}, 300);
    CHECK(f.exhausted);
    CHECK(f.counted == f.spent);
    CHECK(f.spent <= 270);
}

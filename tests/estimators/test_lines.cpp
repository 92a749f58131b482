#include <buffon/lines.hpp>

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Matrix sampled(const testing::KnownProblem& known, std::vector<double> direction, std::vector<double> places,
               std::int64_t count, std::int64_t most, std::int64_t& spent, std::int64_t refinements = 8) {
    const Run run{.budget = 1'000'000, .rng = 5};
    Evaluation evaluate("here", known.problem, run);
    const WorkingSpace space = WorkingSpace::normal(known.problem.inputs());
    Lines lines(evaluate, space, std::move(direction), std::move(places), {}, refinements);
    Matrix out = lines.sample(count, {5, 1}, 0, 1, most);
    spent = evaluate.n();
    return out;
}

const double half = 1 / std::sqrt(2.0);

}  // namespace

TEST_CASE("lines: cells have their probabilities in both tails, and points that lie in them") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(cell_probability(5, infinity) == doctest::Approx(normal_cdf(-5)).epsilon(1e-14));
    CHECK(cell_probability(-infinity, -5) == cell_probability(5, infinity));
    CHECK(cell_probability(5, 6) == doctest::Approx(normal_cdf(-5) - normal_cdf(-6)).epsilon(1e-14));
    CHECK(cell_probability(-1, 2) == doctest::Approx(normal_cdf(2) - normal_cdf(-1)).epsilon(1e-14));
    for (const double v : {0.001, 0.3, 0.999})
        for (const auto& [low, high] : {std::pair{8.0, infinity},
                                        {-infinity, -8.0},
                                        {-1.0, 9.0},
                                        {6.0, 6.1},
                                        {-infinity, infinity},
                                        {-9.0, -7.0}}) {
            const double c = point_of_cell(low, high, v);
            CHECK(c >= low);
            CHECK(c <= high);
            CHECK(cell_probability(low, c) == doctest::Approx(v * cell_probability(low, high)).epsilon(1e-9));
        }
}

TEST_CASE("lines: a half-space is known exactly from one line, two opposite ones too") {
    std::int64_t spent = 0;
    for (const auto& [known, exact] : {std::pair{testing::linear_exceedance(2, {4.0}), normal_cdf(-4)},
                                       {testing::two_sided_exceedance(2, {4.0}), 2 * normal_cdf(-4)}}) {
        const Matrix rows = sampled(known, {half, half}, {-7, -3, 0, 3, 7}, 20, 10'000, spent);
        for (const double v : rows.data) CHECK(v == doctest::Approx(exact).epsilon(1e-9));
    }
}

TEST_CASE("lines: rough roots, few evaluations or no places leave the mean as it is") {
    std::int64_t spent = 0;
    const testing::KnownProblem known = testing::linear_exceedance(2, {1.0});
    const auto check = [&](const Matrix& rows) {
        double mean = 0, square = 0;
        for (const double v : rows.data) {
            mean += v / static_cast<double>(rows.rows);
            square += v * v / static_cast<double>(rows.rows);
        }
        CHECK(std::abs(mean - normal_cdf(-1)) <
              4.5 * std::sqrt(std::max(square - mean * mean, 1e-12) / static_cast<double>(rows.rows)));
    };
    check(sampled(known, {0.6, 0.8}, {-4, -1, 0, 1, 4}, 20'000, 1'000'000, spent, 0));   // middles of brackets as roots
    check(sampled(known, {0.6, 0.8}, {-4, -1, 0, 1, 4}, 20'000, 125'000, spent));
    CHECK(spent <= 125'000);
    check(sampled(known, {0.6, 0.8}, {}, 20'000, 20'000, spent));
    CHECK(spent == 20'000);
}

TEST_CASE("lines: what no place sees weighs no more than the cell that it lies in") {
    // twice x_1 > 3 (no event, whose scores are judged) with a score that is the same everywhere: no root is seen, and
    // without a cut
    // a hit weighs 1
    const Problem problem(Model([](ConstView x) {
        Outputs out{Matrix(x.rows, 1), Matrix(x.rows, 1, -1.0)};
        for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = x(i, 0) > 3 ? 2.0 : 0.0;
        return out;
    }), testing::standard_normal(2));
    const Run run{.budget = 1'000'000, .rng = 5};
    Evaluation evaluate("here", problem, run);
    const WorkingSpace space = WorkingSpace::normal(problem.inputs());
    Lines lines(evaluate, space, {1, 0}, {-6, -3, 0, 3, 6}, {-3, 3}, 8);
    const Matrix rows = lines.sample(50, {5, 1}, 0, 1, 50 * lines.least());
    for (const double v : rows.data) CHECK(v == doctest::Approx(2 * normal_cdf(-3)).epsilon(1e-12));
    CHECK(evaluate.n() == 50 * 8);
}

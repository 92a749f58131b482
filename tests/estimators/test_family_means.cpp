#include <buffon/family_means.hpp>

#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Matrix rows(std::int64_t n, std::int64_t columns, double scale) {
    Matrix out(n, columns);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < columns; ++j) out(i, j) = scale * static_cast<double>((i * 7 + j * 3) % 11);
    return out;
}

}  // namespace

TEST_CASE("family_means: families are independent, values stand in the order of the outputs") {
    const Problem problem([](std::span<const double> x) { return std::vector<double>{x[0], -x[0], x[0] - 1}; },
                          testing::standard_normal(1), {"a", "b", "c"});
    const Run run{.budget = 100, .rng = 1};
    Evaluation evaluate("here", problem, run);
    evaluate(Matrix(1, 1));
    std::vector<FamilyMeans> families(2);
    families[0].columns = {0, 2};
    families[1].columns = {1};
    families[0].add(rows(30, 2, 1), 1);
    families[1].add(rows(20, 1, 2), 1);
    families[0].add(rows(30, 2, 1), 1);
    const Estimate e = finish_families(evaluate, families);
    const Moments first{ConstView(rows(30, 2, 1))}, second{ConstView(rows(20, 1, 2))};
    CHECK(e.value[0] == doctest::Approx(first.mean[0]));
    CHECK(e.value[1] == doctest::Approx(second.mean[0]));
    CHECK(e.value[2] == doctest::Approx(first.mean[1]));
    CHECK(e.covariance(0, 1) == 0);
    CHECK(e.covariance(0, 2) == doctest::Approx(2 * first.scatter(0, 1) / 59 / 60));
    CHECK(e.covariance(1, 1) == doctest::Approx(second.scatter(0, 0) / 19 / 20));
    CHECK(e.excess_kurtosis.size() == 3);
}

TEST_CASE("family_means: without two terms there is no estimate") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, testing::standard_normal(1));
    const Run run{.budget = 100, .rng = 1};
    Evaluation evaluate("here", problem, run);
    evaluate(Matrix(1, 1));
    std::vector<FamilyMeans> families(1);
    families[0].columns = {0};
    families[0].add(rows(1, 1, 1), 1);
    CHECK_THROWS_AS(finish_families(evaluate, families), std::invalid_argument);
}

TEST_CASE("family_means: further columns go to the first family, all of them where there is no score") {
    Matrix score(4, 3);
    for (std::int64_t i = 0; i < 4; ++i) {
        score(i, 0) = static_cast<double>(i);
        score(i, 1) = -static_cast<double>(i);
        score(i, 2) = static_cast<double>(i) + 2;
    }
    CHECK(columns_of_families(score, 5) == std::vector<std::vector<std::int64_t>>{{0, 2, 3, 4}, {1}});
    CHECK(columns_of_families({}, 2) == std::vector<std::vector<std::int64_t>>{{0, 1}});
}

#include <buffon/level_plan.hpp>

#include <cmath>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

/// One output with variance 1 at every level, and these correlations of the levels.
Matrix correlated(std::int64_t levels, const std::vector<double>& correlation) {
    Matrix c(levels, levels);
    std::size_t k = 0;
    for (std::int64_t a = 0; a < levels; ++a)
        for (std::int64_t b = a; b < levels; ++b) c(a, b) = c(b, a) = a == b ? 1 : correlation[k++];
    return c;
}

}  // namespace

TEST_CASE("level_plan: two levels get shares like sqrt(V C), and the gain is what two lines of algebra say") {
    // V = 2 (1 - 0.99) + 2 / 1000 for the point that was not seen; costs 1 + 0.04 and 0.04
    const LevelPlan plan = plan_levels(correlated(2, {0.99}), 999, {1, 0.04});
    REQUIRE(plan.kept == std::vector<std::int64_t>{0, 1});
    const double v = 0.022, top = std::sqrt(v * 1.04), below = std::sqrt(0.04), share = 0.98 * top / (top + below) + 0.01;
    CHECK(plan.shares[0] == doctest::Approx(share).epsilon(1e-12));
    CHECK(plan.shares[0] + plan.shares[1] == doctest::Approx(1).epsilon(1e-12));
    CHECK(plan.gain == doctest::Approx(1 / (v * 1.04 / share + 0.04 / (1 - share))).epsilon(1e-12));
    CHECK(plan.gain > 0.98 / ((top + below) * (top + below)));   // the best there is, less the share that all get
}

TEST_CASE("level_plan: levels that tell little or cost too much are dropped, all of them if need be") {
    CHECK(plan_levels(correlated(2, {0.3}), 1'000, {1, 0.1}).kept == std::vector<std::int64_t>{0});
    CHECK(plan_levels(correlated(2, {0.999}), 1'000, {1, 0.9}).kept == std::vector<std::int64_t>{0});
    // a middle level that is as good as the last and dearer, and one that is as cheap as the last and worse
    CHECK(plan_levels(correlated(3, {0.99, 0.99, 0.99}), 1'000, {1, 0.5, 0.02}).kept == std::vector<std::int64_t>{0, 2});
    CHECK(plan_levels(correlated(3, {0.99, 0.5, 0.5}), 1'000, {1, 0.02, 0.02}).kept == std::vector<std::int64_t>{0, 1});
    CHECK(plan_levels(correlated(3, {0.9995, 0.98, 0.98}), 100'000, {1, 0.1, 0.005}).kept == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("level_plan: the gain is that of the output that gains least, and outputs without variance have no say") {
    Matrix two(4, 4);   // two levels of two outputs, correlations 0.999 and 0.9
    for (std::int64_t i = 0; i < 4; ++i) two(i, i) = i % 2 == 0 ? 4 : 1;
    two(0, 2) = two(2, 0) = 4 * 0.999;
    two(1, 3) = two(3, 1) = 0.9;
    const double alone = plan_levels(correlated(2, {0.9}), 10'000, {1, 0.01}).gain;
    CHECK(plan_levels(two, 10'000, {1, 0.01}).gain < alone);
    CHECK(plan_levels(two, 10'000, {1, 0.01}).gain > 0.9 * alone);
    for (const std::int64_t i : {0, 2})
        for (const std::int64_t k : {0, 2}) two(i, k) = 0;
    CHECK(plan_levels(two, 10'000, {1, 0.01}).gain == doctest::Approx(alone).epsilon(1e-12));
    CHECK(plan_levels(Matrix(2, 2), 10, {1, 0.1}).kept.size() == 1);
}

TEST_CASE("level_plan: with coefficients a level at another scale pays as its correlation says, and one without any is dropped") {
    // Var f = 1, Var g = 4, correlation 0.9: coefficient 0.9 / 2, (1 - 0.81) left, (1 + 0.81) / 1000 for the point not seen
    Matrix c(2, 2);
    c(0, 0) = 1;
    c(1, 1) = 4;
    c(0, 1) = c(1, 0) = 0.9 * 2;
    CHECK(plan_levels(c, 999, {1, 0.001}).kept == std::vector<std::int64_t>{0});   // Var(f - g) = 1.4
    const LevelPlan plan = plan_levels(c, 999, {1, 0.001}, true);
    REQUIRE(plan.kept == std::vector<std::int64_t>{0, 1});
    CHECK(plan.coefficients(0, 0) == doctest::Approx(0.45).epsilon(1e-12));
    const double v = 0.19 + 1.81e-3, top = std::sqrt(v * 1.001), below = std::sqrt(0.81 * 0.001),
                 share = 0.98 * top / (top + below) + 0.01;
    CHECK(plan.gain == doctest::Approx(1 / (v * 1.001 / share + 0.81 * 0.001 / (1 - share))).epsilon(1e-12));
    CHECK(plan_levels(correlated(2, {0.02}), 100, {1, 1e-6}, true).kept == std::vector<std::int64_t>{0});
    // three levels: what the second explains of the first, times what the third explains of it
    const LevelPlan three = plan_levels(correlated(3, {0.99, 0.9, 0.95}), 1'000'000, {1, 0.05, 1e-4}, true);
    REQUIRE(three.kept == std::vector<std::int64_t>{0, 1, 2});
    CHECK(three.coefficients.data[0] == doctest::Approx(0.99));
    CHECK(three.coefficients.data[1] == doctest::Approx(0.95));
}

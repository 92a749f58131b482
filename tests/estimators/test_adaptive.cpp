#include <buffon/adaptive.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/laws/normal.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

std::string complaint(AiscvOptions options, std::int64_t budget = 1'000) {
    try {
        check_adaptive("who", Problem([](std::span<const double> x) { return x[0]; }, testing::standard_normal(1)),
                       {.budget = budget}, options);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no complaint";
}

}  // namespace

TEST_CASE("options that cannot be are refused in the name of who asks") {
    CHECK(complaint({}) == "no complaint");
    CHECK(complaint({.components = -1}) == "who: components must be at least 0, got -1");
    CHECK(complaint({.defensive = 1.0}) == "who: defensive must lie between 0 and 1, got 1");
    CHECK(complaint({.laws = {testing::standard_normal(2)}}) == "who: laws[0] must have 1 input, got 2");
    CHECK(complaint({}, 31) == "who: budget must be at least 32, twice replicates = 16, got 31");
}

TEST_CASE("laws are numbered from 1, and without laws there is one group without a name") {
    CHECK(law_names(0) == std::vector<std::string>{""});
    CHECK(law_names(2) == std::vector<std::string>{"law 1", "law 2"});
}

TEST_CASE("one law is adapted to in its own standard normal space, several in a common one") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Normal(5, 2)));
    Matrix z(1, 1), x(1, 1);
    z(0, 0) = 1;
    working_space(problem, {}).to_x(z, x);
    CHECK(x(0, 0) == 7);
    working_space(problem, {Distribution(Normal(1, 3))}).to_x(z, x);
    CHECK(x(0, 0) == 4);
    working_space(problem, {Distribution(Normal(1, 1)), Distribution(Normal(3, 1))}).to_x(z, x);
    CHECK(x(0, 0) == doctest::Approx(2 + std::sqrt(2.0)).epsilon(5e-3));   // mean 2, variance 1 + 1 of their mixture, from a net
}

TEST_CASE("pools of batches from other proposals are averaged by their sizes, each with its own weights") {
    const Problem problem([](std::span<const double> x) { return x[0] * x[0]; }, testing::standard_normal(1));
    const Run run{.budget = 600, .rng = 3};
    Evaluation evaluate("test", problem, run);
    const WorkingSpace space = working_space(problem, {});
    Gaussian wide{{0.5}, Matrix(1, 1, 1.5)};
    const Proposal proposals[] = {Proposal::initial(), Proposal(true, {wide}, {0.2, 0.8})};
    Pool pools[2];
    double sum = 0;
    for (std::uint32_t l = 0; l < 2; ++l) {
        const Batch batch =
            draw_batch(evaluate, space, proposals[l], PointSet::independent(100 + 300 * l, {3, l}), 0, 100 + 300 * l);
        pools[l].add(batch, proposals[l], {});
        for (std::int64_t i = 0; i < batch.n(); ++i) {
            const double z = batch.z(i, 0), f = std::exp(-z * z / 2), g = std::exp(-(z - 0.5) * (z - 0.5) / 4.5) / 1.5;
            sum += z * z * (l == 0 ? 1.0 : f / (0.2 * f + 0.8 * g));
        }
    }
    const Estimate e = from_pools(evaluate, space, {&pools[0], &pools[1]}, {""});
    CHECK(e.n == 500);
    CHECK(e.value[0] == doctest::Approx(sum / 500).epsilon(1e-12));
    CHECK_THROWS_WITH_AS((void)from_pools(evaluate, space, {}, {""}), "test: no batch was finished", std::invalid_argument);
}

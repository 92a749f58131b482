#include <buffon/diffusion/solvers/euler_maruyama.hpp>

#include <buffon/diffusion/gaussian_law.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "orders.hpp"

using namespace buffon::diffusion;

namespace {

double relative_variance_error(const Table& table) {
    return std::abs(result_on_gaussian(table, 1.2, 0.3).variance() / flow_on_gaussian(table, 1.2, 0.3).variance() - 1);
}

}  // namespace

TEST_CASE("euler_maruyama: variance errors on Gaussian data are those measured elsewhere, with and without noise at the end") {
    const std::vector<int> steps{10, 20, 40, 80, 160};
    const std::vector<double> with{1.3, 0.19, 0.062, 0.025, 0.011}, without{0.996, 0.424, 0.109, 0.0262, 0.00584};
    for (std::size_t k = 0; k < steps.size(); ++k) {
        const Grid grid{.steps = steps[k], .grid = GridKind::time};
        CHECK(std::abs(relative_variance_error(euler_maruyama(VP(), grid, {.final_noise = true})) / with[k] - 1) <=
              0.05);   // two digits
        CHECK(std::abs(relative_variance_error(euler_maruyama(VP(), grid)) / without[k] - 1) <= 0.01);
    }
}

TEST_CASE("euler_maruyama: of weak order 1 from the noise end and from the middle; a step to sigma = 0 is the data prediction") {
    CHECK(problems::observed_order(
              [](std::int64_t n) { return euler_maruyama(VP(), {.steps = n, .grid = GridKind::time}); }, 320) > 0.75);
    CHECK(problems::observed_order(
              [](std::int64_t n) { return euler_maruyama(VP(), {.steps = n, .t_end = 0.02, .t_start = 0.3}); }, 320) >
          0.75);
    const Table table = euler_maruyama(VP(), {.steps = 4, .to_zero = true}, {.final_noise = true});
    CHECK(table.rows.back().terms.size() == 1);
    CHECK(table.rows.back().noise == 0.0);
    CHECK(table.evaluations() == 4);
}

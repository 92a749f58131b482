#include <buffon/diffusion/solvers/lms.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

using namespace buffon::diffusion;

namespace {

/// Weight of the denoiser's output at node i in the row of step `step`: value 2 + 2 i.
double weight_of_output(const Table& table, std::size_t step, std::size_t i) {
    for (const Term& term : table.rows[2 * step + 1].terms)
        if (term.value == static_cast<int>(2 + 2 * i)) return term.weight;
    return 0.0;
}

}  // namespace

TEST_CASE("lms: on equal steps in sigma the weights are those of Adams and Bashforth") {
    // x' = x + h sum_k b_k eps_k with eps = (x - D) / sigma: D_k has the weight -h b_k / sigma_k; EDM's time is sigma
    const std::vector<double> sigma{9, 8, 7, 6, 5, 4};
    const std::vector<std::vector<double>> known{
        {1}, {1.5, -0.5}, {23. / 12, -16. / 12, 5. / 12}, {55. / 24, -59. / 24, 37. / 24, -9. / 24}};
    for (int order = 1; order <= 4; ++order) {
        const Table table = lms(EDM(), {.grid = sigma}, {.order = order});
        for (std::size_t step = 0; step < 5; ++step) {
            const auto& b = known[std::min<std::size_t>(step, static_cast<std::size_t>(order) - 1)];
            for (std::size_t k = 0; k < b.size(); ++k)
                CHECK(std::abs(weight_of_output(table, step, step - k) / (b[k] / sigma[step - k]) - 1) < 1e-11);
        }
    }
}

TEST_CASE("lms: the variable two-step method, on unequal steps") {
    const std::vector<double> sigma{10, 7, 6, 2};
    const Table table = lms(EDM(), {.grid = sigma}, {.order = 2});
    for (std::size_t step = 1; step < 3; ++step) {
        const double h = sigma[step + 1] - sigma[step], before = sigma[step] - sigma[step - 1];
        const double now = h * (1 + h / (2 * before)), then = -h * h / (2 * before);
        CHECK(std::abs(weight_of_output(table, step, step) / (-now / sigma[step]) - 1) < 1e-12);
        CHECK(std::abs(weight_of_output(table, step, step - 1) / (-then / sigma[step - 1]) - 1) < 1e-12);
    }
    CHECK_THROWS_AS((void)lms(EDM(), {.steps = 3}, {.order = 5}), std::invalid_argument);
}

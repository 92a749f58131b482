/// What a table declares of its order of convergence, measured.
#pragma once

#include <doctest/doctest.h>

#include <functional>

#include "orders.hpp"

namespace problems {

using GridMaker = std::function<buffon::diffusion::Table(const buffon::diffusion::Schedule&, const buffon::diffusion::Grid&)>;

/// Reached, within a quarter, from the noise end and from t = 0.3 (lambda = -0.21) to 0.02, on grids uniform in lambda.
inline void check_declared_orders(const GridMaker& make) {
    using namespace buffon::diffusion;
    const Table table = make(VP(), {.steps = 20});
    INFO(table.text());
    CHECK(observed_order([&](std::int64_t steps) { return make(VP(), {.steps = steps}); }, 160) >=
          table.orders.from_noise - 0.25);
    CHECK(observed_order([&](std::int64_t steps) { return make(VP(), {.steps = steps, .t_end = 0.02, .t_start = 0.3}); }, 320) >=
          table.orders.from_middle - 0.25);
}

}  // namespace problems

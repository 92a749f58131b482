#include <buffon/diffusion/grid.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

/// Times of the schedule's own grid, stretched to other ends where they are asked for.
std::vector<double> spaced(const Schedule& s, const Grid& grid, std::int64_t steps) {
    const double first = grid.t_start.value_or(s.t_start());
    const double last = grid.t_end.value_or(s.t_end());
    require(first > last, "grid: t_start must be above t_end = ", last, ", got ", first);
    return s.grid(steps, grid.grid.kind, first, last, grid.power);
}

std::vector<double> times(const Schedule& s, const Grid& grid) {
    if (!grid.grid.times.empty()) {
        const auto count = static_cast<std::int64_t>(grid.grid.times.size());
        require(!grid.steps || *grid.steps + (grid.to_zero ? 0 : 1) == count, "grid: an array for ", *grid.steps,
                " steps must hold ", *grid.steps + (grid.to_zero ? 0 : 1), " times, got ", count);
        require(!grid.t_start && !grid.t_end, "grid: t_start and t_end have no meaning where grid is an array");
        return grid.grid.times;
    }
    require(grid.steps.has_value(), "grid: steps must be given, or grid as an array of times");
    const std::int64_t steps = *grid.steps - (grid.to_zero ? 1 : 0);
    require(*grid.steps >= 1, "grid: steps must be at least 1, got ", *grid.steps);
    if (steps == 0) return {grid.t_start.value_or(s.t_start())};
    return spaced(s, grid, steps);
}

}  // namespace

Nodes nodes(const Schedule& schedule, const Grid& grid) {
    Nodes n{.t = times(schedule, grid), .alpha = {}, .lambda = {}, .rho = {}};
    for (const double t : n.t) {
        n.alpha.push_back(schedule.alpha(t));
        n.lambda.push_back(schedule.lambda(t));
        n.rho.push_back(schedule.sigma(t) / n.alpha.back());
    }
    if (grid.to_zero && n.rho.back() > 0) {
        n.t.push_back(0.0);
        n.alpha.push_back(1.0);
        n.lambda.push_back(HUGE_VAL);
        n.rho.push_back(0.0);
    }
    require(n.t.size() >= 2, "grid: an array must hold at least 2 times, got ", n.t.size());
    for (std::size_t i = 1; i < n.t.size(); ++i)
        require(n.rho[i] < n.rho[i - 1], "grid: times must decrease to less noise, got ", n.t[i], " after ", n.t[i - 1]);
    if (grid.reversed) {
        require(n.rho.back() > 0, "grid: a node at sigma = 0 has no way back to noise");
        for (auto* values : {&n.t, &n.alpha, &n.lambda, &n.rho}) std::ranges::reverse(*values);
    }
    return n;
}

}  // namespace buffon::diffusion

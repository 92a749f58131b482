#include <buffon/diffusion/solvers/rk45.hpp>

#include <array>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/adaptive.hpp>
#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/sde_steps.hpp>

namespace buffon::diffusion {
namespace {

constexpr std::array<double, 7> nodes_of_pair{0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
/// Row k makes the argument of stage k; row 6 the fifth-order result, row 7 the fourth-order one.
constexpr double pair[8][7] = {
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
    {5179.0 / 57600, 0, 7571.0 / 16695, 393.0 / 640, -92097.0 / 339200, 187.0 / 2100, 1.0 / 40}};

/// dv/dt = c (v - D) for v = x / alpha, c = -d(lambda) / dt = g^2 / (2 sigma^2).
StepTrial trial(const Schedule& schedule, double from, double to) {
    StepTrial out;
    std::array<double, 7> c;
    for (std::size_t k = 0; k < 7; ++k) {
        const double t = k < 5 ? from + nodes_of_pair[k] * (to - from) : to, sigma = schedule.sigma(t);
        out.level[k] = sigma / schedule.alpha(t);
        c[k] = rates(schedule, t).g_squared / (2 * sigma * sigma);
    }
    for (int k = 1; k <= 7; ++k) {
        out.x[static_cast<std::size_t>(k)][0] = 1;
        for (int m = 0; m < std::min(k, 7); ++m)
            out.add_slope(k, m, (to - from) * pair[k][m] * c[static_cast<std::size_t>(m)]);
    }
    return out;
}

}  // namespace

Table rk45(const Schedule& schedule, const Grid& grid, const Rk45Options& options) {
    require(options.rtol > 0 && options.atol > 0, "rk45: tolerances must be positive, got rtol = ", options.rtol,
            " and atol = ", options.atol);
    return record_adaptive("rk45", rk45, schedule, grid, options, {5, 5}, [&](const Nodes& n) {
        return Adaptive{.values = 7,
                        .evaluated = 6,
                        .low = 7,
                        .high = 6,
                        .trial = [=](double from, double to) { return trial(schedule, from, to); },
                        .clock = n.t,
                        .first_step = std::abs(n.t.back() - n.t.front()) / 100,
                        .order = 5,
                        .smallest_factor = 0.2,
                        .largest_factor = 10,
                        .tolerances_add = true,
                        .atol = options.atol,
                        .rtol = options.rtol,
                        .norms = options.norms,
                        .alpha = [=](double t) { return schedule.alpha(t); }};
    });
}

}  // namespace buffon::diffusion

#include <buffon/diffusion/solvers/euler_maruyama.hpp>

#include <cmath>

#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/sde_steps.hpp>

namespace buffon::diffusion {

Table euler_maruyama(const Schedule& schedule, const Grid& grid, const EulerMaruyamaOptions& options) {
    Table table = record("euler_maruyama", euler_maruyama, schedule, grid, options, {1, 1}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const Combination D = r.denoise(x);
            const bool last = i + 1 == n.steps();
            if (n.rho[i + 1] == 0) {
                x = r.node(D, i + 1, 0.0);
                break;
            }
            const auto [f, g_squared] = rates(schedule, n.t[i]);
            const double dt = n.t[i] - n.t[i + 1];
            const double noise = last && !options.final_noise ? 0.0 : std::sqrt(g_squared * dt) / n.alpha[i + 1];
            x = r.node(step_of_x(n, i, 1 - f * dt, g_squared * dt, x, D), i + 1, n.rho[i + 1], noise);
        }
    });
    table.promise = promise_of_steps(table.nodes);
    return table;
}

}  // namespace buffon::diffusion

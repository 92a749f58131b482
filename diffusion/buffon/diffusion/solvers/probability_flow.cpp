#include <buffon/diffusion/solvers/probability_flow.hpp>

#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/sde_steps.hpp>

namespace buffon::diffusion {

Table probability_flow(const Schedule& schedule, const Grid& grid, const ProbabilityFlowOptions& options) {
    Table table = record("probability_flow", probability_flow, schedule, grid, options, {1, 1}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const double s = n.rho[i], t = n.rho[i + 1], shrink = n.alpha[i] / n.alpha[i + 1];
            const double gained = n.alpha[i] * n.alpha[i] * (s - t) * (s + t);   // variance of x given the next state
            const Combination D = r.denoise(x);
            x = r.node(t == 0 ? D : step_of_x(n, i, 2 - shrink, gained / 2, x, D), i + 1, t);
        }
    });
    table.promise = promise_of_steps(table.nodes);
    return table;
}

}  // namespace buffon::diffusion

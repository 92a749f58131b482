#include <buffon/diffusion/solvers/heun.hpp>

#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table heun(const Schedule& schedule, const Grid& grid, const ChurnOptions& options) {
    check_churn("heun", options);
    Table table = record("heun", heun, schedule, grid, options, {2, 2}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const auto [from, s] = churned(r, n, i, options, x);
            const double t = n.rho[i + 1];
            Combination d = (from - r.denoise(from)) / s;
            if (t > 0) {
                const Combination ahead = r.state(from + (t - s) * d, t);
                d = 0.5 * (d + (ahead - r.denoise(ahead)) / t);
            }
            x = r.node(from + (t - s) * d, i + 1, t);
        }
    });
    table.promise = promise_of(options);
    return table;
}

}  // namespace buffon::diffusion

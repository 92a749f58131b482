#include <buffon/diffusion/solvers/euler.hpp>

#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table euler(const Schedule& schedule, const Grid& grid, const ChurnOptions& options) {
    check_churn("euler", options);
    Table table = record("euler", euler, schedule, grid, options, {1, 1}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const auto [from, s] = churned(r, n, i, options, x);
            const double t = n.rho[i + 1];
            const Combination d = (from - r.denoise(from)) / s;
            x = r.node(from + (t - s) * d, i + 1, t);
        }
    });
    table.promise = promise_of(options);
    return table;
}

}  // namespace buffon::diffusion

#include <buffon/diffusion/solvers/ddpm.hpp>

#include <cmath>

#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table ddpm(const Schedule& schedule, const Grid& grid, const DdpmOptions& options) {
    Table table = record("ddpm", ddpm, schedule, grid, options, {1, 1}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const double s = n.rho[i], t = n.rho[i + 1];
            const bool last = i + 1 == n.steps();
            const Combination D = r.denoise(x);
            const double a = last ? t / s : (t / s) * (t / s);
            // variance of x / alpha gained from t to s, as the posterior keeps it or as the forward chain has it
            const double gained = std::sqrt((s - t) * (s + t));
            const double noise =
                options.variance == StepVariance::posterior ? t / s * gained : n.alpha[i] / n.alpha[i + 1] * gained;
            x = r.node(a * x + (1 - a) * D, i + 1, t, last ? 0.0 : noise);
        }
    });
    if (options.variance == StepVariance::large) table.promise = Promise::weights;
    return table;
}

}  // namespace buffon::diffusion

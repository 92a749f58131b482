#include <buffon/diffusion/solvers/ancestral.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table ancestral(const Schedule& schedule, const Grid& grid, const AncestralOptions& options) {
    require(options.eta >= 0 && std::isfinite(options.eta), "ancestral: eta must be at least 0 and finite, got ", options.eta);
    require(options.s_noise >= 0 && std::isfinite(options.s_noise),
            "ancestral: s_noise must be at least 0 and finite, got ", options.s_noise);
    Table table = record("ancestral", ancestral, schedule, grid, options, {1, 1}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const double s = n.rho[i], t = n.rho[i + 1];
            const double up = options.eta == 0 ? 0.0 : std::min(t, options.eta * t / s * std::sqrt((s - t) * (s + t)));
            const double a = std::sqrt((t - up) * (t + up)) / s;
            const Combination D = r.denoise(x);
            x = r.node(a * x + (1 - a) * D, i + 1, t, options.s_noise * up);
        }
    });
    if (options.s_noise != 1) table.promise = Promise::weights;
    return table;
}

}  // namespace buffon::diffusion

#include <buffon/diffusion/solvers/ddim.hpp>

#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table ddim(const Schedule& schedule, const Grid& grid, const DdimOptions& options) {
    require(options.eta >= 0 && std::isfinite(options.eta), "ddim: eta must be at least 0 and finite, got ", options.eta);
    return record("ddim", ddim, schedule, grid, options, {1, 1}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const double s = n.rho[i], t = n.rho[i + 1];
            // the last step adds no noise
            const double c = options.eta == 0 || i + 1 == n.steps() ? 0.0 : options.eta * (t / s) * std::sqrt((s - t) * (s + t));
            require(c <= t, "ddim: eta = ", options.eta, " makes the noise of step ", i + 1, " exceed its level");
            const double a = std::sqrt((t - c) * (t + c)) / s;
            const Combination D = r.denoise(x);
            x = r.node(a * x + (1 - a) * D, i + 1, t, c);
        }
    });
}

}  // namespace buffon::diffusion

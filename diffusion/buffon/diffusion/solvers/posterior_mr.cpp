#include <buffon/diffusion/solvers/posterior_mr.hpp>

#include <cmath>

#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table posterior_mr(const Schedule& schedule, const Grid& grid, const PosteriorMrOptions& options) {
    return record("posterior_mr", posterior_mr, schedule, grid, options, {1, 1}, [](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        for (std::size_t i = 0; i < n.steps(); ++i) {
            // (1 - A^2) / (1 - B^2) = 1 - (t / s)^2, without a difference of alphas that are almost 1
            const double s = n.rho[i], t = n.rho[i + 1], keep = (t / s) * (t / s);
            const Combination D = r.denoise(x);
            x = r.node(keep * x + (1 - keep) * D, i + 1, t, t / s * std::sqrt((s - t) * (s + t)));
        }
    });
}

}  // namespace buffon::diffusion

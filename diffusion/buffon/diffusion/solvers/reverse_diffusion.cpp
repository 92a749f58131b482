#include <buffon/diffusion/solvers/reverse_diffusion.hpp>

#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/sde_steps.hpp>

namespace buffon::diffusion {

Table reverse_diffusion(const Schedule& schedule, const Grid& grid, const ReverseDiffusionOptions& options) {
    require(options.corrections >= 0, "reverse_diffusion: corrections must not be negative, got ", options.corrections);
    require(options.snr > 0 && std::isfinite(options.snr), "reverse_diffusion: snr must be positive and finite, got ",
            options.snr);
    Table table = record(
        "reverse_diffusion", reverse_diffusion, schedule, grid, options, {1, 1}, [&](Recorder& r, const Nodes& n) {
            Combination x = r.start();
            for (std::size_t i = 0; i < n.steps(); ++i) {
                const double s = n.rho[i], t = n.rho[i + 1], shrink = n.alpha[i] / n.alpha[i + 1];
                const double gained =
                    n.alpha[i] * n.alpha[i] * (s - t) * (s + t);   // variance of x given the next state
                // in the coordinate x / alpha the published step 2 (1 - beta) (snr |xi| / |score|)^2 has this scale
                for (std::int64_t k = 0; k < options.corrections; ++k)
                    x = r.langevin(x, r.denoise(x), s, 2 * shrink * shrink * options.snr * options.snr,
                                   options.norms == Norms::batch);
                const double noise = i + 1 == n.steps() ? 0.0 : std::sqrt(gained) / n.alpha[i + 1];
                const Combination D = r.denoise(x);
                x = r.node(t == 0 ? D : step_of_x(n, i, 2 - shrink, gained, x, D), i + 1, t, noise);
            }
        });
    table.promise = promise_of_steps(table.nodes);
    return table;
}

}  // namespace buffon::diffusion

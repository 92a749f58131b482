#include <buffon/diffusion/solvers/annealed_langevin.hpp>

#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table annealed_langevin(const Schedule& schedule, const Grid& grid, const AnnealedLangevinOptions& options) {
    require(options.each >= 1, "annealed_langevin: each must be at least 1, got ", options.each);
    require(options.step > 0 && options.step < 1, "annealed_langevin: step must lie in (0, 1), got ", options.step);
    const double c = options.step;
    Table table = record(
        "annealed_langevin", annealed_langevin, schedule, grid, options, {0, 0}, [&](Recorder& r, const Nodes& n) {
            Combination x = r.start();
            const auto sweep = [&](double rho, std::int64_t steps) {
                for (std::int64_t k = 0; k < steps; ++k)
                    x = r.state((1 - c) * x + c * r.denoise(x), rho, rho * std::sqrt(2 * c));
            };
            for (std::size_t i = 0; i < n.steps(); ++i) {
                const double from = n.rho[i], to = n.rho[i + 1];
                sweep(from, options.each - 1);
                const Combination moved = (1 - c) * x + c * r.denoise(x);
                if (i + 1 < n.steps()) {
                    x = r.node(moved, i + 1, to,
                               from * std::sqrt(2 * c));   // the same state, taken for one of the next level
                    continue;
                }
                x = r.state(moved, to == 0 ? from : to, from * std::sqrt(2 * c));
                sweep(to, to == 0 ? 0 : options.each - 1);
                const Combination D = r.denoise(x);
                if (to == 0)
                    r.node(D, i + 1, 0.0);
                else
                    r.node((1 - c) * x + c * D, i + 1, to, to * std::sqrt(2 * c));
            }
        });
    table.promise = Promise::weights;
    return table;
}

}  // namespace buffon::diffusion

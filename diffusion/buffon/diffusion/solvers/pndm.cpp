#include <buffon/diffusion/solvers/pndm.hpp>

#include <vector>

#include <buffon/diffusion/noise_prediction.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

Table pndm(const Schedule& schedule, const Grid& grid, const PndmOptions& options) {
    return record("pndm", pndm, schedule, grid, options, {2, 2}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        std::vector<Combination> e;
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const double s = n.rho[i], t = n.rho[i + 1];
            e.push_back(noise_of(r, x, s));
            Combination slope = adams_bashforth(e, order_at(n, i, 2, false));
            if (i == 0 && t > 0 && options.warmup == Warmup::runge_kutta) {   // only e[0] enters the history
                const Combination ahead = r.state(x + (t - s) * e[0], t);
                slope = 0.5 * (e[0] + noise_of(r, ahead, t));
            }
            x = r.node(x + (t - s) * slope, i + 1, t);
        }
    });
}

}  // namespace buffon::diffusion

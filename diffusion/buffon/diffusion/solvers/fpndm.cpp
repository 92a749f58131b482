#include <buffon/diffusion/solvers/fpndm.hpp>

#include <cmath>
#include <vector>

#include <buffon/diffusion/noise_prediction.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {
namespace {

/// Slope of a classical Runge-Kutta step from level s over m to t, whose first stage is e1.
Combination runge_kutta(Recorder& r, const Combination& x, const Combination& e1, double s, double m, double t) {
    const Combination e2 = noise_of(r, r.state(x + (m - s) * e1, m), m);
    const Combination e3 = noise_of(r, r.state(x + (m - s) * e2, m), m);
    const Combination e4 = noise_of(r, r.state(x + (t - s) * e3, t), t);
    return (e1 + 2 * e2 + 2 * e3 + e4) / 6;
}

}  // namespace

Table fpndm(const Schedule& schedule, const Grid& grid, const PndmOptions& options) {
    return record("fpndm", fpndm, schedule, grid, options, {2, 2}, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        std::vector<Combination> e;
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const double s = n.rho[i], t = n.rho[i + 1];
            e.push_back(noise_of(r, x, s));
            Combination slope = adams_bashforth(e, order_at(n, i, 4, false));
            if (i < 3 && t > 0 && options.warmup == Warmup::runge_kutta) {
                const double middle = std::exp(-schedule.lambda((n.t[i] + n.t[i + 1]) / 2));
                slope = runge_kutta(r, x, e[i], s, middle, t);
            }
            x = r.node(x + (t - s) * slope, i + 1, t);
        }
    });
}

}  // namespace buffon::diffusion

#include <buffon/diffusion/churn.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <buffon/check.hpp>

namespace buffon::diffusion {

void check_churn(const char* solver, const ChurnOptions& options) {
    require(options.s_churn >= 0 && std::isfinite(options.s_churn), solver,
            ": s_churn must be at least 0 and finite, got ", options.s_churn);
    require(options.s_noise >= 0 && std::isfinite(options.s_noise), solver,
            ": s_noise must be at least 0 and finite, got ", options.s_noise);
    require(options.s_tmin >= 0 && options.s_tmin <= options.s_tmax, solver,
            ": levels must have 0 <= s_tmin <= s_tmax, got ", options.s_tmin, " and ", options.s_tmax);
}

Level churned(Recorder& r, const Nodes& n, std::size_t i, const ChurnOptions& options, const Combination& x) {
    const double s = n.rho[i];
    if (options.s_churn == 0 || s < options.s_tmin || s > options.s_tmax) return {x, s};
    const double gamma = std::min(options.s_churn / static_cast<double>(n.steps()), std::numbers::sqrt2 - 1);
    const double raised = (1 + gamma) * s;
    return {r.state(x, raised, options.s_noise * s * std::sqrt(gamma * (2 + gamma))), raised};
}

Promise promise_of(const ChurnOptions& options) {
    return options.s_churn > 0 && options.s_noise != 1 ? Promise::weights : Promise::levels;
}

}  // namespace buffon::diffusion

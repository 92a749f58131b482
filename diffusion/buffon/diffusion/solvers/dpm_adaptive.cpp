#include <buffon/diffusion/solvers/dpm_adaptive.hpp>

#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/adaptive.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {
namespace {

/// From lambda s on: the slope eps_m = (x_m - D_m) / level_m enters x_k.
void add_noise(StepTrial& trial, int k, int m, double weight) {
    trial.add_slope(k, m, weight / trial.level[static_cast<std::size_t>(m)]);
}

/// x_k: the first-order step to its level, plus `weight` times (eps_1 - eps_0) or, of `newer` = 2, (eps_2 - eps_0).
void step(StepTrial& trial, int k, int newer, double weight) {
    const auto at = static_cast<std::size_t>(k);
    trial.x[at][0] += 1;
    add_noise(trial, k, 0, trial.level[at] - trial.level[0] - weight);
    if (newer > 0) add_noise(trial, k, newer, weight);
}

/// Stages at shares r of the step h; results of order 1 and 2 with r = 1/2.
StepTrial trial_12(double s, double t) {
    StepTrial out;
    out.level = {std::exp(-s), std::exp(-(s + t) / 2), std::exp(-t), std::exp(-t)};
    step(out, 1, 0, 0.0);
    step(out, 2, 0, 0.0);
    step(out, 3, 1, out.level[2] - out.level[0]);   // over 2 r = 1
    return out;
}

/// Order 2 with r = 1/3; order 3 with r = 1/3 and 2/3.
StepTrial trial_23(double s, double t) {
    const double h = t - s;
    const auto phi = [](double z) { return z == 0 ? 0.0 : std::expm1(z) / z - 1; };
    StepTrial out;
    out.level = {std::exp(-s), std::exp(-(s + h / 3)), std::exp(-(s + 2 * h / 3)), std::exp(-t), std::exp(-t)};
    step(out, 1, 0, 0.0);
    step(out, 2, 1, -out.level[2] * 2 * phi(2 * h / 3));              // r2 / r1 = 2
    step(out, 3, 1, 1.5 * (out.level[3] - out.level[0]));             // 1 / (2 r1)
    step(out, 4, 2, -out.level[3] * 1.5 * phi(h));                    // 1 / r2
    return out;
}

}  // namespace

Table dpm_adaptive(const Schedule& schedule, const Grid& grid, const DpmAdaptiveOptions& options) {
    require(options.order == 2 || options.order == 3, "dpm_adaptive: order must be 2 or 3, got ", options.order);
    require(options.rtol > 0 && options.atol > 0,
            "dpm_adaptive: tolerances must be positive, got rtol = ", options.rtol, " and atol = ", options.atol);
    require(options.first_step > 0, "dpm_adaptive: first_step must be positive, got ", options.first_step);
    const double order = options.order;
    return record_adaptive("dpm_adaptive", dpm_adaptive, schedule, grid, options, {order, order}, [&](const Nodes& n) {
        return Adaptive{.values = options.order + 1,
                        .evaluated = options.order - 1,
                        .low = options.order,
                        .high = options.order + 1,
                        .trial = options.order == 2 ? trial_12 : trial_23,
                        .clock = n.lambda,
                        .first_step = options.first_step,
                        .order = order,
                        .smallest_factor = 0.0,
                        .largest_factor = 1e3,
                        .tolerances_add = false,
                        .atol = options.atol,
                        .rtol = options.rtol,
                        .norms = options.norms,
                        .alpha = [=](double lambda) { return schedule.alpha(schedule.t_of_lambda(lambda)); }};
    });
}

}  // namespace buffon::diffusion

#include <buffon/diffusion/sde_steps.hpp>

#include <algorithm>
#include <cmath>

namespace buffon::diffusion {
namespace {

/// Differences to one side: backward, because t is often the last time that the schedule knows, but ahead from about 0.
template <class F>
double derivative(const F& f, double t, double t_start) {
    double h = std::max(1e-3 * t, 1e-8 * t_start);
    if (t < 4 * h) h = -h;
    return (25 * f(t) - 48 * f(t - h) + 36 * f(t - 2 * h) - 16 * f(t - 3 * h) + 3 * f(t - 4 * h)) / (12 * h);
}

}  // namespace

Combination step_of_x(const Nodes& n, std::size_t i, double a, double b, const Combination& x, const Combination& D) {
    const double alpha = n.alpha[i], rho = n.rho[i];
    return a * alpha / n.alpha[i + 1] * x + b / (alpha * rho * rho * n.alpha[i + 1]) * (D - x);
}

Promise promise_of_steps(const Nodes& n) {
    return std::ranges::all_of(n.alpha, [&](double alpha) { return alpha == n.alpha[0]; }) ? Promise::weights : Promise::nothing;
}

Rates rates(const Schedule& schedule, double t) {
    const double sigma = schedule.sigma(t);
    return {derivative([&](double at) { return schedule.log_alpha(at); }, t, schedule.t_start()),
            -2 * sigma * sigma * derivative([&](double at) { return schedule.lambda(at); }, t, schedule.t_start())};
}

}  // namespace buffon::diffusion

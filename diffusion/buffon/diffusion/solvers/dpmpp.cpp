#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {
namespace {

/// x at node i + 1 from x at node i and the outputs D, newest last; of order min(order, what there is).
Combination multistep(const Nodes& n, std::size_t i, int order, const DpmppOptions& options, const Combination& x,
                      const std::vector<Combination>& D) {
    const double h = n.lambda[i + 1] - n.lambda[i];
    const double E = std::expm1(-h), P2 = E / h + 1, P3 = P2 / h - 0.5;
    const Combination first = std::exp(-h) * x - E * D[i];
    if (order == 1) return first;
    const double r0 = (n.lambda[i] - n.lambda[i - 1]) / h;
    const Combination D10 = (D[i] - D[i - 1]) / r0;
    if (order == 2) return first + (options.second == SecondOrder::midpoint ? -E / 2 : P2) * D10;
    const double r1 = (n.lambda[i - 1] - n.lambda[i - 2]) / h;
    const Combination D11 = (D[i - 1] - D[i - 2]) / r1;
    const Combination Q1 = D10 + r0 / (r0 + r1) * (D10 - D11);
    const Combination Q2 = (D10 - D11) / (r0 + r1);   // half of the second derivative
    return first + P2 * Q1 - (options.third == ThirdOrder::exact ? 2 : 1) * P3 * Q2;
}

}  // namespace

Table dpmpp(const Schedule& schedule, const Grid& grid, const DpmppOptions& options) {
    require(options.order >= 1 && options.order <= 3, "dpmpp: order must be 1, 2 or 3, got ", options.order);
    const bool third = options.order == 3 && options.third == ThirdOrder::exact;
    const Orders orders{third ? 3.0 : std::min(options.order, 2), std::min<double>(options.order, 2)};
    return record("dpmpp", dpmpp, schedule, grid, options, orders, [&](Recorder& r, const Nodes& n) {
        Combination x = r.start();
        std::vector<Combination> D;
        for (std::size_t i = 0; i < n.steps(); ++i) {
            D.push_back(r.denoise(x));
            const int order = order_at(n, i, options.order, options.lower_order_final && n.steps() < 10);
            x = r.node(multistep(n, i, order, options, x, D), i + 1, n.rho[i + 1]);
        }
    });
}

}  // namespace buffon::diffusion

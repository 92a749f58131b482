#include <buffon/diffusion/solvers/dc.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <buffon/check.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>

namespace buffon::diffusion {
namespace {

void check(const DcOptions& options, const Nodes& n) {
    require(options.order >= 1, "dc: order must be at least 1, got ", options.order);
    require(options.dc_order >= 1, "dc: dc_order must be at least 1, got ", options.dc_order);
    const auto& ratios = options.ratios;
    require(ratios.empty() || ratios.size() == n.steps(), "dc: ratios must hold one number per step (", n.steps(),
            "), got ", ratios.size());
    for (std::size_t i = 0; i < ratios.size(); ++i) {
        require(std::isfinite(ratios[i]), "dc: ratios must be finite, got ", ratios[i]);
        require(ratios[i] == 1 || static_cast<std::int64_t>(i) >= first_compensated(options), "dc: the first ",
                first_compensated(options), " ratios must be 1, got ", ratios[i], " for step ", i);
    }
}

/// The polynomial in t through the newest outputs, at `ratio` of the way from the second newest time to the newest.
Combination compensated(const Nodes& n, std::size_t i, double ratio, int degree, const std::vector<Evaluation>& known) {
    std::vector<double> t;
    for (int j = 0; j <= degree; ++j) t.push_back(n.t[i - static_cast<std::size_t>(j)]);
    const double at = ratio * (t[0] - t[1]) + t[1];
    Combination D;
    for (std::size_t j = 0; j < t.size(); ++j) D = D + lagrange(t, j, at) * known[j].D;
    return D;
}

}  // namespace

std::int64_t first_compensated(const DcOptions& options) { return std::max(2, options.dc_order); }

Table dc(const Schedule& schedule, const Grid& grid, const DcOptions& options) {
    const bool plain = std::ranges::all_of(options.ratios, [](double ratio) { return ratio == 1; });
    const double order = plain ? options.order : 1;   // a compensated output is one of another time
    const Orders orders{std::min(plain && options.corrector ? order + 1 : order, 4.0), std::min(order, 2.0)};
    return record("dc", dc, schedule, grid, options, orders, [&](Recorder& r, const Nodes& n) {
        check(options, n);
        const UnipcOptions base{.order = options.order,
                                .corrector = options.corrector,
                                .uncorrected = {1},
                                .lower_order_final = options.lower_order_final};
        write_unipc(r, n, base, [&](std::size_t i, const std::vector<Evaluation>& known) {
            const double ratio = options.ratios.empty() ? 1 : options.ratios[i];
            return ratio == 1 ? known[0].D : r.mix(compensated(n, i, ratio, options.dc_order, known));
        });
    });
}

}  // namespace buffon::diffusion

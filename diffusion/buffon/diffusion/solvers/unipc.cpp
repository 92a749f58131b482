#include <buffon/diffusion/solvers/unipc.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <buffon/check.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {
namespace {

/// From x at the first of `known` to node `to`, by the outputs known.
Combination advance(const UnipcOptions& options, const Nodes& n, std::size_t to, const Combination& x,
                    const std::vector<Evaluation>& known) {
    const Prediction prediction = n.rho[to] == 0 ? Prediction::data : options.prediction;   // a step to rho = 0 ends at D
    const ExponentialStep step{prediction, known[0].lambda, n.lambda[to], known[0].rho, n.rho[to]};
    std::vector<double> lambda, w;
    for (const Evaluation& e : known) lambda.push_back(e.lambda);
    if (known.size() == 2 && options.variant != UnipcVariant::exact) {
        const bool data = prediction == Prediction::data;
        const double h = options.variant == UnipcVariant::bh2 ? step.moment(0) : data ? step.h() : -step.rho_to * step.h();
        const double half = h / 2 / step.place(lambda[1]);
        w = {step.moment(0) - half, half};
    } else {
        w = step.weights(lambda);
    }
    Combination y = step.keep() * x;
    for (std::size_t k = 0; k < known.size(); ++k) y = y + w[k] * known[k].output(prediction);
    return y;
}

bool corrects(const UnipcOptions& options, std::size_t step) {
    return options.corrector && !std::ranges::count(options.uncorrected, static_cast<std::int64_t>(step));
}

void check(const UnipcOptions& options, const Nodes& n) {
    require(options.prediction == Prediction::data || options.prediction == Prediction::noise,
            "unipc: prediction must be 'data' or 'noise'");
    require(options.order >= 1, "unipc: order must be at least 1, got ", options.order);
    for (const std::int64_t step : options.uncorrected)
        require(step >= 1 && step <= static_cast<std::int64_t>(n.steps()), "unipc: uncorrected must hold steps 1 ... ",
                n.steps(), ", got ", step);
}

}  // namespace

void write_unipc(Recorder& r, const Nodes& n, const UnipcOptions& options, const Keep& keep) {
    check(options, n);
    Combination predicted = r.start(), x = predicted;
    std::vector<Evaluation> used;   // by the last step, newest first
    std::vector<Evaluation> all;    // newest first
    for (std::size_t i = 0; i < n.steps(); ++i) {
        // at the predicted state, never at the corrected one
        const Evaluation now{n.lambda[i], n.rho[i], predicted, r.denoise(predicted)};
        if (i > 0 && corrects(options, i)) {
            used.insert(used.begin() + 1, now);
            x = r.node(advance(options, n, i, x, used), i, n.rho[i]);
        } else {
            x = predicted;
        }
        all.insert(all.begin(), now);
        if (keep) all[0].D = keep(i, all);
        const int order = order_at(n, i, options.order, options.lower_order_final);
        used.assign(all.begin(), all.begin() + order);
        const Combination y = advance(options, n, i + 1, x, used);
        const bool final = i + 1 == n.steps() || !corrects(options, i + 1);
        predicted = final ? r.node(y, i + 1, n.rho[i + 1]) : r.state(y, n.rho[i + 1]);
    }
}

Table unipc(const Schedule& schedule, const Grid& grid, const UnipcOptions& options) {
    const double p = options.order + (options.corrector ? 1 : 0);
    const bool third = options.corrector && !options.lower_order_final;   // from the middle a last step of order 1 errs by h^2
    const Orders orders{std::min(p, 4.0),
                        std::min(p, third ? 3.0 : 2.0)};   // above 4 the first steps count from the noise end too
    return record("unipc", unipc, schedule, grid, options, orders,
                  [&](Recorder& r, const Nodes& n) { write_unipc(r, n, options); });
}

}  // namespace buffon::diffusion

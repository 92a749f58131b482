#include <buffon/diffusion/unified.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/derivatives.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {
namespace {

/// z = h for the noise, -h for the data prediction.
double relaxed(const Decision& decision, double h, double z) {
    switch (decision.relaxation) {
        case Relaxation::linear: return 1 + decision.c * h;
        case Relaxation::bh1: return 0.5 * z * z / (std::expm1(z) - z);
        case Relaxation::bh2: return 0.5 * z * std::expm1(z) / (std::expm1(z) - z);
        default: return 1.0;
    }
}

/// The state at lambda `to` from x at known[base], by Taylor terms of the output there; `known`: newest first.
Combination taylor(const Decision& decision, const Combination& x, const std::vector<Evaluation>& known,
                   std::size_t base, double to, double rho_to, int order, int points) {
    const Evaluation& from = known[base];
    const double h = to - from.lambda, z = decision.prediction == Prediction::noise ? h : -h;
    const double scale = decision.prediction == Prediction::noise ? -rho_to : 1.0;
    std::vector<double> nodes{0.0};
    std::vector<Combination> outputs{from.output(decision.prediction)};
    for (std::size_t k = 0; k < known.size() && static_cast<int>(nodes.size()) < order; ++k) {
        if (k == base) continue;
        nodes.push_back(known[k].lambda - from.lambda);
        outputs.push_back(known[k].output(decision.prediction));
    }
    Combination next =
        (decision.prediction == Prediction::noise ? 1.0 : rho_to / from.rho) * x + scale * h * phi(1, z) * outputs[0];
    for (std::size_t k = 1; k < nodes.size(); ++k) {
        const std::size_t used = k == 1 ? std::min(nodes.size(), static_cast<std::size_t>(points) + 1) : nodes.size();
        const std::vector<double> w = derivative({nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(used)}, k);
        const double factor = scale * std::pow(h, static_cast<double>(k) + 1) * phi(static_cast<int>(k) + 1, z) *
                              (k == 1 ? relaxed(decision, h, z) : 1.0);
        for (std::size_t j = 0; j < used; ++j) next = next + factor * w[j] * outputs[j];
    }
    return next;
}

void write(Recorder& r, const Nodes& n, const Decisions& decisions, double sigma_start) {
    Combination x = r.start(), predicted = x;
    std::vector<Evaluation> known;   // newest first
    for (std::size_t i = 0; i < n.steps(); ++i) {
        const bool analytic = i == 0 && decisions.analytic_first;
        const Combination D = analytic ? (1 - sigma_start) * predicted : r.denoise(predicted);
        known.insert(known.begin(), {.lambda = n.lambda[i], .rho = n.rho[i], .x = predicted, .D = D});
        if (i > 0) {
            const Decision& before = decisions.steps[i - 1];
            if (before.corrector) {
                const int order = std::min(before.order, static_cast<int>(i)) + 1;
                x = r.node(taylor(before, x, known, 1, n.lambda[i], n.rho[i], order, order - 1), i, n.rho[i]);
            } else {
                x = predicted;
            }
        }
        const Decision& step = decisions.steps[i];
        const int order = std::min(step.order, static_cast<int>(i) + 1);
        const Combination next =
            taylor(step, x, known, 0, n.lambda[i + 1], n.rho[i + 1], order, std::min(step.points, order - 1));
        const bool corrected = step.corrector && i + 1 < n.steps();
        predicted = corrected ? r.state(next, n.rho[i + 1]) : r.node(next, i + 1, n.rho[i + 1]);
        if (known.size() > 4) known.pop_back();
    }
}

}  // namespace

Table unified(const Schedule& schedule, double t_end, const Decisions& decisions) {
    require(!decisions.steps.empty(), "unified: at least one step is needed");
    require(decisions.evaluations() >= 1, "unified: at least one evaluation is needed");
    const double first = schedule.lambda(schedule.t_start()), last = schedule.lambda(t_end);
    std::vector<double> times{schedule.t_start()};
    double before = 0.0;
    for (const Decision& step : decisions.steps) {
        require(step.place > before && step.place <= 1.0, "unified: places must increase to 1, got ", step.place,
                " after ", before);
        require(step.order >= 1 && step.order <= 4, "unified: order must be 1 to 4, got ", step.order);
        before = step.place;
        times.push_back(step.place == 1.0 ? t_end : schedule.t_of_lambda(first + step.place * (last - first)));
    }
    require(before == 1.0, "unified: the last place must be 1, got ", before);
    const Grid grid{.grid = times};
    const Nodes n = nodes(schedule, grid);
    Recorder recorder;
    write(recorder, n, decisions, schedule.sigma(schedule.t_start()));
    Table table = recorder.seal();
    table.nodes = n;
    table.orders = {1, 1};
    table.name = "unified";
    table.schedule = schedule;
    table.grid = grid;
    table.promise = decisions.analytic_first ? Promise::nothing : Promise::levels;
    return table;
}

}  // namespace buffon::diffusion

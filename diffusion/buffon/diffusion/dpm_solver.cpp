#include <buffon/diffusion/dpm_solver.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

/// The exact step for constant output, and the integrals of lambda and its square that correct it.
struct Step {
    ExponentialStep exact;
    double factor = 1.0;   // of the integrals
    double noise = 0.0;

    double moment(int j) const { return factor * exact.moment(j); }
    Combination first(const Combination& x, const Combination& m) const { return exact.keep() * x + moment(0) * m; }
};

/// The stochastic equation is the same with twice the step (data) or twice the integrals (noise).
Step stochastic(const ExponentialStep& step) {
    const double h = step.h(), from = step.lambda_from;
    if (step.prediction == Prediction::data)
        return {{step.prediction, from, from + 2 * h}, 1, step.rho_to * std::sqrt(-std::expm1(-2 * h))};
    return {step, 2, step.rho_to * std::sqrt(std::expm1(2 * h))};
}

/// How one family member turns outputs into states.
class Writer {
public:
    Writer(Recorder& recorder, const Nodes& nodes, const Schedule& schedule, GridKind kind, Prediction prediction,
           const DpmOptions& options)
        : r_(recorder), n_(nodes), schedule_(schedule), kind_(kind), prediction_(prediction), options_(options) {}

    /// From node i to the next one, from the outputs of the last `order` nodes.
    void multistep(std::size_t i, int order) {
        m_.push_back(output(x_, n_.rho[i], prediction(i)));
        const ExponentialStep exact = step(i);
        const Step s = options_.sde && n_.rho[i + 1] > 0 ? stochastic(exact) : Step{exact};
        Combination y = s.first(x_, m_[i]);
        if (order >= 2) {
            const double r0 = (n_.lambda[i] - n_.lambda[i - 1]) / exact.h();
            const Combination D10 = (m_[i] - m_[i - 1]) / r0;
            if (order == 2) {
                y = y + second_weight(s) * D10;
            } else {
                const double r1 = (n_.lambda[i - 1] - n_.lambda[i - 2]) / exact.h();
                const Combination D11 = (m_[i - 1] - m_[i - 2]) / r1;
                const Combination Q1 = D10 + r0 / (r0 + r1) * (D10 - D11);
                const Combination Q2 = (D10 - D11) / (r0 + r1);   // half of the second derivative
                y = y + s.moment(1) * Q1 + (options_.third == ThirdOrder::exact ? 1 : 0.5) * s.moment(2) * Q2;
            }
        }
        x_ = r_.node(y, i + 1, n_.rho[i + 1], s.noise);
    }

    /// From node i to the next one by `order` evaluations, at points that divide the step evenly: in lambda, with 'fast' like
    /// the grid as the published code does.
    void singlestep(std::size_t i, int order) {
        const Step s{step(i)};
        const Combination m = output(x_, n_.rho[i], prediction(i));
        Combination y = s.first(x_, m);
        if (order >= 2) {
            const std::vector<double> t = schedule_.grid(order, kind_, n_.t[i], n_.t[i + 1]);
            const Step to_u{{prediction_, n_.lambda[i], schedule_.lambda(t[1]), n_.rho[i]}};
            const double r1 = s.exact.place(to_u.exact.lambda_to);
            const Combination D1 = (inner(to_u, to_u.first(x_, m)) - m) / r1;
            if (order == 2) {
                y = y + second_weight(s) * D1;
            } else {
                const Step to_v{{prediction_, n_.lambda[i], schedule_.lambda(t[2]), n_.rho[i]}};
                const double r2 = s.exact.place(to_v.exact.lambda_to);
                const Combination D2 = (inner(to_v, to_v.first(x_, m) + r2 * to_v.moment(1) * D1) - m) / r2;
                y = y + (options_.second == SecondOrder::midpoint
                             ? s.moment(1) * D2
                             : s.moment(1) * (r2 * D1 - r1 * D2) / (r2 - r1) + s.moment(2) * (D2 - D1) / (r2 - r1));
            }
        }
        x_ = r_.node(y, i + 1, n_.rho[i + 1]);
    }

private:
    /// A step to rho = 0 ends at the data prediction itself.
    Prediction prediction(std::size_t i) const { return n_.rho[i + 1] == 0 ? Prediction::data : prediction_; }
    ExponentialStep step(std::size_t i) const {
        return {prediction(i), n_.lambda[i], n_.lambda[i + 1], n_.rho[i], n_.rho[i + 1]};
    }
    Combination output(const Combination& x, double rho, Prediction of) {
        return Evaluation{0, rho, x, r_.denoise(x)}.output(of);
    }
    Combination inner(const Step& s, const Combination& y) {
        return output(r_.state(y, s.exact.rho_to), s.exact.rho_to, prediction_);
    }
    double second_weight(const Step& s) const { return options_.second == SecondOrder::midpoint ? s.moment(0) / 2 : s.moment(1); }

    Recorder& r_;
    const Nodes& n_;
    const Schedule& schedule_;
    GridKind kind_;
    Prediction prediction_;
    const DpmOptions& options_;
    Combination x_ = Recorder::start();
    std::vector<Combination> m_;
};

/// Orders of the single steps that spend `evaluations`: full ones, and a lower one or two at the end.
std::vector<int> split(std::int64_t evaluations, int order) {
    std::vector<int> orders(static_cast<std::size_t>(evaluations / order), order);
    const auto rest = static_cast<int>(evaluations % order);
    if (order == 3 && rest == 0 && !orders.empty()) {
        orders.pop_back();
        orders.insert(orders.end(), {2, 1});
    } else if (rest > 0) {
        orders.push_back(rest);
    }
    return orders;
}

/// Where they end: equidistant in lambda, or where a grid with a step for each evaluation has them.
Grid outer_grid(const Schedule& schedule, Grid grid, const std::vector<int>& orders) {
    if (grid.grid.kind == GridKind::logsnr) {
        grid.steps = static_cast<std::int64_t>(orders.size());
        return grid;
    }
    const Nodes all = nodes(schedule, grid);
    std::vector<double> t{all.t[0]};
    std::size_t at = 0;
    for (const int order : orders) t.push_back(all.t[at += static_cast<std::size_t>(order)]);
    if (grid.to_zero) t.pop_back();
    return {.grid = t, .to_zero = grid.to_zero};
}

std::vector<int> fast_orders(std::string_view name, const Grid& grid, int order) {
    require(grid.steps && grid.grid.times.empty(), name,
            ": method 'fast' makes its own grid: steps must be given, and grid as a word");
    require(*grid.steps >= 1, name, ": steps must be at least 1, got ", *grid.steps);
    std::vector<int> orders = split(*grid.steps - (grid.to_zero ? 1 : 0), order);
    if (grid.to_zero) orders.push_back(1);
    return orders;
}

void check(std::string_view name, const DpmOptions& options) {
    require(options.order >= 1 && options.order <= 3, name, ": order must be 1, 2 or 3, got ", options.order);
    require(!options.sde || options.method == DpmMethod::multistep, name, ": with sde the method must be 'multistep'");
    require(!options.sde || options.order <= 2, name, ": with sde the order must be 1 or 2, got ", options.order);
}

Orders orders_of(const DpmOptions& options) {
    const double low = std::min(options.order, 2), full = options.order;
    if (options.method == DpmMethod::singlestep) return {full, full};
    if (options.method == DpmMethod::fast) return {low, low};   // it ends with a lower order
    return {options.third == ThirdOrder::exact ? full : low, low};
}

}  // namespace

Table dpm_solver(std::string_view name, DpmMaker maker, Prediction prediction, const Schedule& schedule, const Grid& grid,
                 const DpmOptions& options) {
    check(name, options);
    const bool fast = options.method == DpmMethod::fast, multistep = options.method == DpmMethod::multistep;
    const std::vector<int> orders = fast ? fast_orders(name, grid, options.order) : std::vector<int>{};
    Table table = record(name, maker, schedule, fast ? outer_grid(schedule, grid, orders) : grid, options, orders_of(options),
                         [&](Recorder& r, const Nodes& n) {
        Writer writer(r, n, schedule, fast ? grid.grid.kind : GridKind::logsnr, prediction, options);
        for (std::size_t i = 0; i < n.steps(); ++i) {
            const int order = fast ? orders[i] : options.order;
            if (multistep) writer.multistep(i, order_at(n, i, order, options.lower_order_final && n.steps() < 10));
            else writer.singlestep(i, n.rho[i + 1] == 0 ? 1 : order);
        }
    });
    table.grid = grid;
    if (options.sde && prediction == Prediction::noise) table.promise = Promise::weights;
    return table;
}

}  // namespace buffon::diffusion

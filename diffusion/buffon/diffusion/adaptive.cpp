#include <buffon/diffusion/adaptive.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {


/// One sample on its way.
struct Walker {
    double at = 0.0;       // on the clock
    double step = 0.0;     // next one, with its sign
    bool known = false;    // the output at the state
};

class Walk {
public:
    Walk(const Job& job, std::int64_t first, std::int64_t rows, int threads)
        : job_(job), first_(first), rows_(rows), cols_(job.model.dim()), threads_(threads), state_(rows, cols_),
          output_(rows, cols_), remembered_(rows, cols_), walkers_(static_cast<std::size_t>(rows)) {}

    std::int64_t run() {
        start();
        const std::int64_t steps = job_.tables[0].steps();
        std::int64_t node = 1;
        for (; node <= steps; ++node) {
            walk_to(static_cast<std::size_t>(node));
            if (!accept(node)) break;
        }
        write(std::min(node, steps), job_.draws.x.view().slice(first_, rows_));
        return evaluations_;
    }

private:
    const Table& table(std::int64_t i) const {
        return job_.tables[job_.table_of.empty()
                               ? 0
                               : static_cast<std::size_t>(job_.table_of[static_cast<std::size_t>(first_ + i)])];
    }
    const Adaptive& rule(std::int64_t i) const { return *table(i).adaptive; }

    void start() {
        const auto& options = job_.options;
        if (options.x) std::copy_n(options.x->data.data() + first_ * cols_, rows_ * cols_, state_.data.data());
        else Stream{job_.draws.rng_key, start_stream}.normal(first_, state_);
        for (std::int64_t i = 0; i < rows_; ++i) {
            const double alpha = table(i).nodes.alpha.front(), scale = options.x ? 1.0 : table(i).schedule.prior_scale();
            const double* mu = mean_of(job_, first_ + i);
            const double of_mu = options.x ? alpha - 1 : alpha;
            for (std::int64_t j = 0; j < cols_; ++j) {
                remembered_(i, j) = scale * state_(i, j) + (mu ? of_mu * mu[j] : 0.0);
                state_(i, j) = remembered_(i, j) / alpha;
            }
            const auto& clock = rule(i).clock;
            walkers_[static_cast<std::size_t>(i)] = {
                clock.front(), std::copysign(rule(i).first_step, clock.back() - clock.front()), false};
        }
    }

    /// All samples to the node, each or all together in steps of their own.
    void walk_to(std::size_t node) {
        std::vector<std::int64_t> moving(static_cast<std::size_t>(rows_));
        std::iota(moving.begin(), moving.end(), 0);
        for (std::int64_t trials = 0; !moving.empty(); ++trials) {
            if (trials == 1'000'000) throw std::runtime_error(table(0).name + ": a million steps did not reach the next node");
            const std::vector<double> to = ends(moving, node);
            try_step(moving, to);
            std::erase_if(moving, [&](std::int64_t i) {
                return walkers_[static_cast<std::size_t>(i)].at == rule(i).clock[node];
            });
        }
    }

    /// Where the next step of each sample would end: at the node, or before.
    std::vector<double> ends(const std::vector<std::int64_t>& moving, std::size_t node) const {
        std::vector<double> to;
        for (const std::int64_t i : moving) {
            const Walker& w = walkers_[static_cast<std::size_t>(i)];
            const double end = rule(i).clock[node];
            if (!std::isfinite(w.step) || w.at + w.step == w.at)
                throw std::runtime_error(table(i).name + ": the step fell to nothing; is the denoiser finite?");
            to.push_back(std::abs(w.step) < std::abs(end - w.at) ? w.at + w.step : end);
        }
        return to;
    }

    void try_step(const std::vector<std::int64_t>& moving, const std::vector<double>& to) {
        know_outputs(moving);
        const auto m = static_cast<std::int64_t>(moving.size());
        const Adaptive& any = rule(0);
        std::vector<StepTrial> trials;
        for (std::size_t k = 0; k < moving.size(); ++k)
            trials.push_back(rule(moving[k]).trial(walkers_[static_cast<std::size_t>(moving[k])].at, to[k]));
        std::vector<Matrix> x(static_cast<std::size_t>(any.values) + 1, Matrix(m, cols_)),
            D(static_cast<std::size_t>(any.evaluated) + 1, Matrix(m, cols_));
        for (std::int64_t k = 0; k < m; ++k) {
            std::ranges::copy(state_.view().row(moving[static_cast<std::size_t>(k)]), x[0].view().row(k).begin());
            std::ranges::copy(output_.view().row(moving[static_cast<std::size_t>(k)]), D[0].view().row(k).begin());
        }
        for (int value = 1; value <= any.values; ++value) {
            const auto v = static_cast<std::size_t>(value);
            for (std::int64_t k = 0; k < m; ++k) combine(trials[static_cast<std::size_t>(k)], v, k, x, D);
            if (value > any.evaluated) continue;
            std::vector<double> level;
            for (const StepTrial& trial : trials) level.push_back(trial.level[v]);
            evaluate(moving, x[v], level, D[v]);
        }
        judge(moving, to, x, D);
    }

    void combine(const StepTrial& trial, std::size_t value, std::int64_t row, std::vector<Matrix>& x,
                 const std::vector<Matrix>& D) const {
        for (std::int64_t j = 0; j < cols_; ++j) {
            double sum = 0.0;
            for (std::size_t m = 0; m < value; ++m) {
                if (trial.x[value][m] != 0) sum += trial.x[value][m] * x[m](row, j);
                if (m < D.size() && trial.D[value][m] != 0) sum += trial.D[value][m] * D[m](row, j);
            }
            x[value](row, j) = sum;
        }
    }

    /// Outputs at the states of those that do not have them yet.
    void know_outputs(const std::vector<std::int64_t>& moving) {
        std::vector<std::int64_t> lacking;
        for (const std::int64_t i : moving)
            if (!walkers_[static_cast<std::size_t>(i)].known) lacking.push_back(i);
        if (lacking.empty()) return;
        const auto m = static_cast<std::int64_t>(lacking.size());
        Matrix x(m, cols_), D(m, cols_);
        std::vector<double> level;
        for (std::int64_t k = 0; k < m; ++k) {
            const std::int64_t i = lacking[static_cast<std::size_t>(k)];
            std::ranges::copy(state_.view().row(i), x.view().row(k).begin());
            const double at = walkers_[static_cast<std::size_t>(i)].at;
            level.push_back(rule(i).trial(at, at).level[0]);
        }
        evaluate(lacking, x, level, D);
        for (std::int64_t k = 0; k < m; ++k) {
            const std::int64_t i = lacking[static_cast<std::size_t>(k)];
            std::ranges::copy(D.view().row(k), output_.view().row(i).begin());
            walkers_[static_cast<std::size_t>(i)].known = true;
        }
    }

    void evaluate(const std::vector<std::int64_t>& who, ConstView x, std::span<const double> level, View out) {
        const auto& condition = job_.options.condition.values;
        std::vector<std::int64_t> labels;
        if (!condition.empty())
            for (const std::int64_t i : who)
                labels.push_back(condition.size() == 1 ? condition[0]
                                                       : condition[static_cast<std::size_t>(first_ + i)]);
        job_.model.denoise({x, level, labels, threads_}, out);
        evaluations_ += x.rows;
        count_guidance(job_, x.rows, level, labels);
        if (job_.progress) job_.progress(x.rows);
    }

    /// Errors in units of the tolerance; steps are taken or repeated.
    void judge(const std::vector<std::int64_t>& moving, const std::vector<double>& to, const std::vector<Matrix>& x,
               const std::vector<Matrix>& D) {
        const Adaptive& any = rule(0);
        std::vector<double> error;
        for (std::size_t k = 0; k < moving.size(); ++k)
            error.push_back(error_of(moving[k], to[k], static_cast<std::int64_t>(k), x));
        if (any.norms == Norms::batch) {
            double all = *std::ranges::max_element(error);
            if (any.tolerances_add) {
                all = 0.0;
                for (const double e : error) all += e * e / static_cast<double>(error.size());
                all = std::sqrt(all);
            }
            std::ranges::fill(error, all);
        }
        for (std::size_t k = 0; k < moving.size(); ++k) {
            const std::int64_t i = moving[k];
            Walker& w = walkers_[static_cast<std::size_t>(i)];
            const double factor = std::clamp(0.9 * std::pow(error[k], -1 / any.order), any.smallest_factor, any.largest_factor);
            const bool taken = error[k] <= 1;
            w.step = (to[k] - w.at) * (taken ? factor : std::min(factor, 1.0));
            if (!taken) continue;
            w.at = to[k];
            const auto row = static_cast<std::int64_t>(k);
            const auto high = static_cast<std::size_t>(any.high);
            const double alpha = rule(i).alpha(to[k]);
            for (std::int64_t j = 0; j < cols_; ++j) {
                state_(i, j) = x[high](row, j);
                remembered_(i, j) = alpha * x[any.tolerances_add ? high : static_cast<std::size_t>(any.low)](row, j);
            }
            w.known = any.high <= any.evaluated;
            if (w.known) std::ranges::copy(D[high].view().row(row), output_.view().row(i).begin());
        }
    }

    /// Root mean square over the coordinates of the candidates' distance in x, each in units of its tolerance.
    double error_of(std::int64_t i, double to, std::int64_t row, const std::vector<Matrix>& x) const {
        const Adaptive& r = rule(i);
        const double alpha = r.alpha(to);
        double sum = 0.0;
        for (std::int64_t j = 0; j < cols_; ++j) {
            const double low = alpha * x[static_cast<std::size_t>(r.low)](row, j),
                         high = alpha * x[static_cast<std::size_t>(r.high)](row, j);
            const double size = r.rtol * std::max(std::abs(r.tolerances_add ? high : low), std::abs(remembered_(i, j)));
            const double scale = r.tolerances_add ? r.atol + size : std::max(r.atol, size);
            sum += (high - low) / scale * ((high - low) / scale);
        }
        return std::sqrt(sum / static_cast<double>(cols_));
    }

    double alpha_at(std::int64_t i, std::int64_t node) const { return table(i).nodes.alpha[static_cast<std::size_t>(node)]; }

    void write(std::int64_t node, View out) const {
        for (std::int64_t i = 0; i < rows_; ++i) {
            const double alpha = alpha_at(i, node);
            const double* mu = mean_of(job_, first_ + i);
            for (std::int64_t j = 0; j < cols_; ++j) out(i, j) = alpha * state_(i, j) + (mu ? (1 - alpha) * mu[j] : 0.0);
        }
    }

    /// Records and reports; false to stop.
    bool accept(std::int64_t node) {
        const std::int64_t stride = job_.options.record, steps = job_.tables[0].steps();
        if (stride > 0 && (node % stride == 0 || node == steps))
            write(node, job_.draws.trajectory[static_cast<std::size_t>((node - 1) / stride)].view().slice(first_, rows_));
        if (!job_.options.callback) return true;
        return job_.options.callback({.node = node,
                                      .steps = steps,
                                      .first = first_,
                                      .evaluations = evaluations_ / rows_,
                                      .level = table(0).nodes.rho[static_cast<std::size_t>(node)],
                                      .alpha = alpha_at(0, node),
                                      .x = state_,
                                      .data = output_});
    }

    const Job& job_;
    std::int64_t first_, rows_, cols_;
    int threads_;
    Matrix state_, output_, remembered_;   // x / alpha, D there; and x of the last step that tolerances look back at
    std::vector<Walker> walkers_;
    std::int64_t evaluations_ = 0;
};

}  // namespace

std::int64_t run_adaptive(const Job& job, std::int64_t first, std::int64_t rows, int threads) {
    return Walk(job, first, rows, threads).run();
}

}  // namespace buffon::diffusion

/// Solvers that choose their steps as they go: an embedded pair makes two candidates for the next state, and their distance says
/// whether the step is taken and how long the next one is. A rule that emits rows; `run_adaptive` applies them. Not installed.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/executor.hpp>
#include <buffon/diffusion/norms.hpp>
#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// Rows of one trial step. Value 0 is the state, x_k the k-th new value, D_k the denoiser's output there:
/// x_k = sum over m < k of x(k, m) x_m + D(k, m) D_m.
struct StepTrial {
    static constexpr int most = 8;   // values

    std::array<std::array<double, most>, most> x{}, D{};
    std::array<double, most> level{};   // of x_k

    /// x_k += weight (x_m - D_m): of a slope.
    void add_slope(int k, int m, double weight) {
        x[static_cast<std::size_t>(k)][static_cast<std::size_t>(m)] += weight;
        D[static_cast<std::size_t>(k)][static_cast<std::size_t>(m)] -= weight;
    }
};

struct Adaptive {
    int values = 0;                // new ones in a trial
    int evaluated = 0;             // the denoiser is asked at x_1 ... x_evaluated
    int low = 0, high = 0;         // the candidates; `high` is taken, with its output if it has one
    std::function<StepTrial(double from, double to)> trial;                                     // between values of the clock
    std::vector<double> clock;     // at the nodes
    double first_step = 0.0;       // in the clock
    double order = 1.0;            // a step's error falls like its length to this power
    double smallest_factor = 0.0, largest_factor = 0.0;   // of the next step's length
    bool tolerances_add = true;    // scale = atol + rtol max, else max(atol, rtol max)
    double atol = 0.0, rtol = 0.0;
    Norms norms = Norms::sample;   // batch: all samples take one step, of the rms (added tolerances) or the largest error
    std::function<double(double clock)> alpha;   // errors are those of x, not of x / alpha
};

/// The table of such a rule: no rows are known before sampling. Without `steps` its grid has the two ends alone.
template <class Options, class Rule>
Table record_adaptive(std::string_view name, Table (*maker)(const Schedule&, const Grid&, const Options&),
                      const Schedule& schedule, Grid grid, const Options& options, Orders orders, const Rule& rule) {
    require(!grid.to_zero, name, ": a solver that chooses its steps cannot end at sigma = 0");
    if (!grid.steps && grid.grid.times.empty()) grid.steps = 1;
    Table table = record(name, maker, schedule, grid, options, orders, [](Recorder&, const Nodes&) {});
    table.adaptive = std::make_shared<const Adaptive>(rule(table.nodes));
    return table;
}

/// As `run_block`: samples first ... first + rows - 1 of a job whose tables are adaptive.
std::int64_t run_adaptive(const Job& job, std::int64_t first, std::int64_t rows, int threads);

}  // namespace buffon::diffusion

/// A solver is a list of rows, made before sampling: each makes one new value, as a linear combination of earlier states
/// and denoiser outputs (+ noise), or by asking the denoiser. All values live in x / alpha, so a state is x0 + rho eps with
/// rho = sigma / alpha: schedules differ in the levels of their nodes only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <buffon/diffusion/grid.hpp>
#include <buffon/diffusion/schedule.hpp>

namespace buffon::diffusion {

struct Term {
    int value = 0;         // an earlier value
    double weight = 0.0;

    bool operator==(const Term&) const = default;
};

/// Row i makes value i + 2. Value 0 is the start, value 1 the constant 1.
struct Row {
    int at = -1;                // >= 0: the denoiser's output at this value; one evaluation, no terms
    std::vector<Term> terms;    // else: sum of weight * value, + noise times standard normal numbers of the row's own
    double noise = 0.0;
    double rho = 0.0;           // what the value claims to be: x0 + rho eps; outputs of the denoiser and their mixes: 0
    int node = -1;              // the accepted state of this node of the grid
    double langevin =
        0.0;   // > 0: a Langevin step of the level rho, see Recorder::langevin; weights and noise are found at run time
    bool pooled = false;        // ... by the mean norms of all samples
    int slot = 0;               // where it is stored; may be that of an operand read here for the last time
};

/// What a row without noise promises: `levels`: its weights sum to 1 and so do its weights times levels to its own level
/// (constant data and pure noise pass exactly; with noise: the squares); `weights`: the first alone; or `nothing`.
enum class Promise { levels, weights, nothing };

/// Global order of convergence, declared by the maker and measured by the tests, for a start at the noise end, where the
/// denoiser hardly changes, and in the middle, where the first steps of a multistep method count.
struct Orders {
    double from_noise = 1.0;
    double from_middle = 1.0;
};

struct Adaptive;   // not installed
struct TimeShift;  // not installed
struct Trial;   // of a search, buffon/diffusion/solver_search.hpp

struct Table {
    std::vector<Row> rows;                             // the last one is the result
    std::shared_ptr<const Adaptive> adaptive = {};     // or, instead of rows, the rule that makes them as it goes
    std::shared_ptr<const TimeShift> shift = {};       // of time_shifted: rows that depend on the sample
    std::vector<std::vector<Row>> coordinates = {};    // empty, or the rows of every coordinate, alike but for the weights
    int slots = 0;                                     // (n, d) arrays alive at once
    Nodes nodes;
    Promise promise = Promise::levels;
    Orders orders;

    // the recipe
    std::string name;                                  // of the solver
    std::string options;                               // its options as text: "order=2, eta=0"
    Schedule schedule = VP();
    Grid grid;
    std::function<Table(const Grid&)> remake;          // the same solver on another grid

    std::shared_ptr<const std::vector<Trial>> record = {};   // of solver_search, every candidate

    std::int64_t steps() const { return static_cast<std::int64_t>(nodes.steps()); }
    /// Denoiser evaluations per sample; 0 for a rule, which does not know them before.
    std::int64_t evaluations() const;
    double rho_start() const { return nodes.rho.front(); }
    bool has_noise() const;
    /// The largest number of operands of a row.
    std::int64_t operands() const;

    /// The largest violation of `promise` over the rows, relative to the row's level; 0 up to rounding.
    double violation() const;
    /// "dpmpp(steps=10, order=2): ..." in one line.
    std::string text() const;
    /// The rows as formulas, one per line: x_i states, D_i outputs of the denoiser.
    std::string formula() const;

    /// The same solver from the level `rho` on, with as many steps.
    /// @throw std::invalid_argument where the grid was an array, or for a level outside the schedule's range.
    Table from_level(double rho) const;

    /// The same solver on the same nodes from data to noise.
    /// @throw std::invalid_argument for a random table, or one that ends at sigma = 0.
    Table reversed() const;
    /// Whether rows need all samples at once.
    bool pooled() const;
};

}  // namespace buffon::diffusion

#include <buffon/diffusion/time_shifted.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/diffusion/describe.hpp>
#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/time_shift.hpp>

namespace buffon::diffusion {
namespace {

/// Labels of a schedule: times that are multiples of a width, from the lowest to the highest.
struct Labels {
    double width, lowest, highest, zero = 0.0;   // time of label 0

    explicit Labels(const Table& table) {
        const Schedule& schedule = table.schedule;
        const auto* discrete = std::get_if<Discrete>(&schedule.law());
        width = discrete ? discrete->time(1) - discrete->time(0) : schedule.t_start() / 1000;
        zero = discrete ? discrete->time(0) : 0.0;
        lowest = discrete ? discrete->time(0) : std::min(schedule.t_end(), table.nodes.t[table.nodes.steps() - 1]);
        highest = std::max(schedule.t_start(), table.nodes.t.front());
    }
    double of(double t) const { return (t - zero) / width; }
};

/// Rows [first, last] of the step from node i.
struct Rows {
    std::size_t first, last;
};

Rows rows_of(const Table& table, std::size_t i) {
    const auto makes = [&](std::size_t node) {
        return static_cast<std::size_t>(std::ranges::find(table.rows, static_cast<int>(node), &Row::node) - table.rows.begin());
    };
    return {i == 0 ? 0 : makes(i) + 1, makes(i + 1)};
}

/// The value that holds the state of node i.
int value_of(const Table& table, std::size_t i) { return i == 0 ? 0 : static_cast<int>(rows_of(table, i - 1).last) + 2; }

/// D + rho eps for any label, as the promise of such a row leaves no other weights.
bool without_label(const Table& table, std::size_t i) {
    const auto [first, last] = rows_of(table, i);
    const int x = value_of(table, i);
    return table.promise == Promise::levels && last == first + 1 && table.rows[last].noise == 0 &&
           std::ranges::all_of(table.rows[last].terms, [x](const Term& term) { return term.value == x || term.value == x + 1; });
}

/// The same solver with node i at another time.
Table moved(const Table& table, std::size_t i, double t) {
    Grid grid = table.grid;
    grid.steps.reset();
    grid.t_start.reset();
    grid.t_end.reset();
    grid.grid.times = table.nodes.t;
    if (grid.to_zero && table.nodes.rho.back() == 0) grid.grid.times.pop_back();
    grid.grid.times[i] = t;
    return table.remake(grid);
}

bool reads(const Row& row, int value) { return std::ranges::find(row.terms, value, &Term::value) != row.terms.end(); }

/// A term is added where there is none.
double& weight_of(Row& row, int value) {
    const auto place = std::ranges::lower_bound(row.terms, value, {}, &Term::value);
    if (place != row.terms.end() && place->value == value) return place->weight;
    return row.terms.insert(place, {value, 0.0})->weight;
}

/// Makes the tables of the labels, step by step.
class Writer {
public:
    Writer(const Table& table, const TimeShiftedOptions& options)
        : table_(table), options_(options), labels_(table), half_(options.window / 2),
          variance_(options.rule == ShiftRule::calibrated ? *options.variance : 0.0) {
        shift_.tables.assign(static_cast<std::size_t>(2 * half_ + 1), table);
        shift_.nodes.resize(table.nodes.steps());
    }

    TimeShift write() {
        name_outputs();
        for (std::size_t i = 1; i < table_.nodes.steps(); ++i) {
            if (!shifts(i)) continue;
            const std::size_t node = labelled(i);
            shift_.nodes[i].alpha = table_.nodes.alpha[i];
            shift_.nodes[i].labels.resize(shift_.tables.size());
            for (std::int64_t k = -half_; k <= half_; ++k) write(i, node, k);
        }
        return std::move(shift_);
    }

private:
    bool released() const { return options_.rule == ShiftRule::released; }

    /// The node whose label is looked for when the state of node i is known.
    std::size_t labelled(std::size_t i) const { return i + (released() ? 1 : 0); }
    bool shifts(std::size_t i) const {
        constexpr double slack = 1e-6;   // of a label that is a time times a number of labels
        return i > 0 && table_.nodes.rho[labelled(i)] > 0 && labels_.of(table_.nodes.t[labelled(i)]) > options_.cutoff + slack;
    }

    /// Rows of a shifted step that read its state read its output, too, if with weight 0: see step_from.
    void name_outputs() {
        if (released() || half_ == 0) return;
        Table named = table_;
        for (std::size_t i = 1; i < table_.nodes.steps(); ++i)
            if (shifts(i) && !without_label(table_, i))
                for (auto [r, last] = rows_of(table_, i); r <= last; ++r)
                    if (reads(named.rows[r], value_of(table_, i))) weight_of(named.rows[r], value_of(table_, i) + 1);
        assign_slots(named);
        std::ranges::fill(shift_.tables, named);
    }

    bool reachable(std::size_t i, std::size_t node, double t) const {
        const double slack = 1e-6 * labels_.width;   // of times that are sums of widths
        if (t < labels_.lowest - slack || t > labels_.highest + slack) return false;
        if (without_label(table_, i)) return true;
        const auto& times = table_.nodes.t;
        const double below = node + 1 < times.size() ? times[node + 1] : labels_.lowest;
        return t >= (times[node] + below) / 2 - slack && t <= (times[node] + times[node - 1]) / 2 + slack;
    }

    void write(std::size_t i, std::size_t node, std::int64_t k) {
        const double t = table_.nodes.t[node] + static_cast<double>(k) * labels_.width;
        if (k != 0 && !reachable(i, node, t)) return;
        const Schedule& schedule = table_.schedule;
        const double alpha = k == 0 ? table_.nodes.alpha[node] : schedule.alpha(t),
                     rho = k == 0 ? table_.nodes.rho[node] : schedule.sigma(t) / alpha;
        const auto place = static_cast<std::size_t>(k + half_);
        shift_.nodes[i].labels[place] = {.variance = alpha * alpha * (variance_ + rho * rho),
                                         .level = released() ? table_.nodes.rho[i] : rho,
                                         .scale = released() ? 1.0 : table_.nodes.alpha[i] / alpha};
        if (k == 0) return;
        if (released()) step_to(shift_.tables[place], i, t, alpha, rho);
        else if (!without_label(table_, i)) step_from(shift_.tables[place], i, t, rho);
    }

    /// The step from node i as from the time t. The executor keeps the state at the node's own level, D + rho_i eps: the state at
    /// the label's level is D + rho eps = (rho / rho_i) x + (1 - rho / rho_i) D.
    void step_from(Table& to, std::size_t i, double t, double rho) {
        const double r = rho / table_.nodes.rho[i];
        const int x = value_of(table_, i), D = x + 1;
        copy(to, i, moved(table_, i, t), [&](Row& row) {
            if (!reads(row, x)) return;
            const double weight = weight_of(row, x);
            weight_of(row, D) += weight * (1 - r);
            weight_of(row, x) = weight * r;
        });
    }

    /// The step from node i to the time t, whose result goes on as if it were at node i + 1.
    void step_to(Table& to, std::size_t i, double t, double alpha, double rho) {
        const double scale = alpha / table_.nodes.alpha[i + 1];
        const auto last = rows_of(table_, i).last;
        if (without_label(table_, i)) {
            const int x = value_of(table_, i);
            weight_of(to.rows[last], x) = rho / table_.nodes.rho[i];
            weight_of(to.rows[last], x + 1) = 1 - rho / table_.nodes.rho[i];
        } else {
            copy(to, i, moved(table_, i + 1, t), [](Row&) {});
        }
        Row& row = to.rows[last];
        for (Term& term : row.terms) term.weight *= scale;
        row.noise *= scale;
        row.rho = table_.nodes.rho[i + 1];
    }

    template <class F>
    void copy(Table& to, std::size_t i, const Table& from, const F& change) {
        const auto [first, last] = rows_of(table_, i);
        for (std::size_t r = first; r <= last; ++r) {
            const int slot = to.rows[r].slot;
            to.rows[r] = from.rows[r];
            to.rows[r].slot = slot;
            if (to.rows[r].at < 0) change(to.rows[r]);
        }
    }

    const Table& table_;
    const TimeShiftedOptions& options_;
    Labels labels_;
    std::int64_t half_;
    double variance_;
    TimeShift shift_;
};

void check(const Table& table, const TimeShiftedOptions& options) {
    const std::string_view f = "time_shifted";
    require(options.window >= 0, f, ": window must not be negative, got ", options.window);
    require(std::isfinite(options.cutoff), f, ": cutoff must be finite, got ", options.cutoff);
    const bool calibrated = options.rule == ShiftRule::calibrated;
    require(options.variance.has_value() == calibrated, f, ": variance ",
            calibrated ? "must be given with rule 'calibrated': that of the data" : "belongs to rule 'calibrated'");
    require(options.variance.value_or(0) >= 0 && std::isfinite(options.variance.value_or(0)), f,
            ": variance must not be negative, got ", options.variance.value_or(0));
    require(!table.shift, f, ": ", table.name, " is shifted already");
    require(!table.grid.reversed, f, ": the table must run from noise to data");
    require(!table.adaptive && table.coordinates.empty(), f, ": ", table.name, " must have rows, the same for all coordinates");
    require(!std::holds_alternative<MeanReverting>(table.schedule.law()), f, ": not of a mean-reverting schedule");
    require(table.grid.steps.value_or(table.steps()) == table.steps(), f, ": ", table.name, " makes a grid of its own");
    for (const Row& row : table.rows) require(row.langevin == 0, f, ": ", table.name, " must not have Langevin steps");
    for (std::size_t i = 0; i < table.nodes.steps(); ++i)
        require(table.rows[rows_of(table, i).first].at == value_of(table, i), f, ": the steps of ", table.name,
                " must begin by denoising the state of their node");
}

}  // namespace

std::size_t ShiftNode::choose(double seen) const {
    const std::size_t own = labels.size() / 2;
    std::size_t best = own;
    const auto closer = [&](std::size_t k) {
        if (std::abs(labels[k].variance - seen) < std::abs(labels[best].variance - seen)) best = k;
    };
    for (std::size_t k = 1; k <= own; ++k) {
        closer(own - k);
        closer(own + k);
    }
    return best;
}

Table time_shifted(const Table& table, const TimeShiftedOptions& options) {
    check(table, options);
    Table shifted = table;
    shifted.shift = std::make_shared<const TimeShift>(Writer(table, options).write());
    shifted.name = "time_shifted " + table.name;
    shifted.options = table.options + (table.options.empty() ? "" : ", ") + describe(options);
    shifted.remake = [remake = table.remake, options](const Grid& other) { return time_shifted(remake(other), options); };
    return shifted;
}

}  // namespace buffon::diffusion

/// Solvers are written on combinations of values, as the papers print them; the recorder turns them into rows.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <buffon/diffusion/describe.hpp>
#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// A linear combination of values.
struct Combination {
    std::map<int, double> weights;

    friend Combination operator+(Combination a, const Combination& b) {
        for (const auto& [value, w] : b.weights) a.weights[value] += w;
        return a;
    }
    friend Combination operator*(double c, Combination a) {
        for (auto& [value, w] : a.weights) w *= c;
        return a;
    }
    friend Combination operator-(const Combination& a, const Combination& b) { return a + -1.0 * b; }
    friend Combination operator/(const Combination& a, double c) { return (1 / c) * a; }
};

/// Order of a multistep method at step i: no more than the steps behind it allow, and none but 1 to rho = 0; with
/// `lower_final` no more than the steps that are left.
int order_at(const Nodes& nodes, std::size_t i, int order, bool lower_final);

/// Where the values of the rows are stored: a value's slot is free again after its last use.
void assign_slots(Table& table);

class Recorder {
public:
    /// The value from which the solver starts.
    static Combination start() { return {{{0, 1.0}}}; }
    /// The constant 1, for offsets.
    static Combination one() { return {{{1, 1.0}}}; }

    /// The denoiser's output at x, one value: one evaluation.
    Combination denoise(const Combination& x);
    /// A new value of level rho, + noise * xi.
    Combination state(const Combination& x, double rho, double noise = 0.0);
    /// The same, accepted as the state of a node of the grid.
    Combination node(const Combination& x, std::size_t node, double rho, double noise = 0.0);
    /// A mix of denoiser outputs, kept as a value of its own.
    Combination mix(const Combination& x) { return state(x, 0.0); }

    /// A Langevin step that keeps the level rho: x + w (D - x) + rho sqrt(2 w) xi with w = scale (|xi| rho / |D - x|)^2, norms
    /// over the coordinates of a sample or, `pooled`, their means over all samples.
    Combination langevin(const Combination& x, const Combination& D, double rho, double scale, bool pooled);

    /// The rows with their slots.
    Table seal();

private:
    Combination push(Row row);

    std::vector<Row> rows_;
};

/// The table that `body(recorder, nodes)` writes down, with its recipe.
template <class Options, class Body>
Table record(std::string_view name, Table (*maker)(const Schedule&, const Grid&, const Options&), const Schedule& schedule,
             const Grid& grid, const Options& options, Orders orders, const Body& body) {
    const Nodes n = nodes(schedule, grid);
    Recorder recorder;
    body(recorder, n);
    Table table = recorder.seal();
    table.nodes = n;
    table.orders = orders;
    table.name = name;
    table.options = describe(options);
    table.schedule = schedule;
    table.grid = grid;
    table.remake = [=](const Grid& other) { return maker(schedule, other, options); };
    return table;
}

}  // namespace buffon::diffusion

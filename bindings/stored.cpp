/// Tables and draws as dicts of numbers, words and arrays, and back: what files and pickle hold.
#include "diffusion.hpp"

#include <buffon/check.hpp>

#include <pybind11/stl.h>

namespace py = pybind11;
using namespace buffon::diffusion;

namespace {

/// [at, slot, node, rho, noise, langevin, pooled, values, weights].
py::list to_list(const std::vector<Row>& rows) {
    py::list out;
    for (const Row& row : rows) {
        std::vector<int> values;
        std::vector<double> weights;
        for (const Term& term : row.terms) {
            values.push_back(term.value);
            weights.push_back(term.weight);
        }
        py::list entry;
        for (const py::object& part :
             {py::object(py::int_(row.at)), py::object(py::int_(row.slot)), py::object(py::int_(row.node)),
              py::object(py::float_(row.rho)), py::object(py::float_(row.noise)), py::object(py::float_(row.langevin)),
              py::object(py::bool_(row.pooled)), py::cast(values), py::cast(weights)})
            entry.append(part);
        out.append(entry);
    }
    return out;
}

/// A file may hold anything: nothing outside the table's memory may be read or written.
void check(const Row& row, int earlier, int slots) {
    const auto known = [&](int value) { return value >= 0 && value < earlier; };
    bool fits = row.slot >= 0 && row.slot < slots && row.at < earlier && row.at != 1;
    for (const Term& term : row.terms) fits = fits && known(term.value);
    buffon::require(fits, "Table: row ", earlier - 2, " reads a later value or writes outside the table's ", slots, " arrays");
}

std::vector<Row> read_rows(const py::list& given, int slots) {
    std::vector<Row> rows;
    for (const py::handle item : given) {
        const auto entry = py::cast<py::list>(item);
        const auto values = entry[7].cast<std::vector<int>>();
        const auto weights = entry[8].cast<std::vector<double>>();
        buffon::require(values.size() == weights.size(), "Table: row ", rows.size(), " has ", values.size(),
                        " values and ", weights.size(), " weights");
        Row row{.at = entry[0].cast<int>(),
                .terms = {},
                .noise = entry[4].cast<double>(),
                .rho = entry[3].cast<double>(),
                .node = entry[2].cast<int>(),
                .langevin = entry[5].cast<double>(),
                .pooled = entry[6].cast<bool>(),
                .slot = entry[1].cast<int>()};
        for (std::size_t k = 0; k < values.size(); ++k) row.terms.push_back({values[k], weights[k]});
        check(row, static_cast<int>(rows.size()) + 2, slots);
        rows.push_back(std::move(row));
    }
    return rows;
}

py::dict to_dict(const Grid& grid) {
    py::dict out;
    out["steps"] = grid.steps;
    if (grid.grid.times.empty()) out["grid"] = binder::to_python(grid.grid.kind);
    else out["grid"] = grid.grid.times;
    out["to_zero"] = grid.to_zero;
    out["t_end"] = grid.t_end;
    out["t_start"] = grid.t_start;
    out["power"] = grid.power;
    return out;
}

Grid to_grid(const py::dict& given, bool reversed) {
    Grid grid{.steps = given["steps"].cast<std::optional<std::int64_t>>(), .grid = {}, .to_zero = given["to_zero"].cast<bool>(),
              .t_end = given["t_end"].cast<std::optional<double>>(), .t_start = given["t_start"].cast<std::optional<double>>(),
              .power = given["power"].cast<double>(), .reversed = reversed};
    if (py::isinstance<py::str>(given["grid"])) grid.grid.kind = binder::convert<GridKind>(given["grid"], "Table", "grid");
    else grid.grid.times = given["grid"].cast<std::vector<double>>();
    return grid;
}

}  // namespace

namespace binder {

py::dict table_state(const Table& t) {
    buffon::require(!t.shift, "Table: ", t.name,
                    " has rows that depend on the sample; keep the table underneath, and shift it again");
    py::dict out;
    out["name"] = t.name;
    out["options"] = t.options;
    out["schedule"] = std::visit([](const auto& law) { return py::cast(law); }, t.schedule.law());
    out["grid"] = to_dict(t.grid);
    out["reversed"] = t.grid.reversed;
    out["adaptive"] = t.adaptive != nullptr;
    out["promise"] = static_cast<int>(t.promise);
    out["orders"] = std::vector<double>{t.orders.from_noise, t.orders.from_middle};
    out["nodes"] = std::vector<std::vector<double>>{t.nodes.t, t.nodes.alpha, t.nodes.lambda, t.nodes.rho};
    out["slots"] = t.slots;
    out["rows"] = to_list(t.rows);
    py::list coordinates;
    for (const auto& rows : t.coordinates) coordinates.append(to_list(rows));
    out["coordinates"] = coordinates;
    return out;
}

Table table_from_state(const py::dict& given) {
    buffon::require(!given["adaptive"].cast<bool>(), "Table: ", given["name"].cast<std::string>(),
                    " makes its rows as it goes, and cannot be made again here");
    Table t;
    t.name = given["name"].cast<std::string>();
    t.options = given["options"].cast<std::string>();
    t.schedule = to_schedule(given["schedule"], "Table: schedule");
    t.grid = to_grid(given["grid"].cast<py::dict>(), given["reversed"].cast<bool>());
    const int promise = given["promise"].cast<int>();
    buffon::require(promise >= 0 && promise <= static_cast<int>(Promise::nothing),
                    "Table: promise must be 0, 1 or 2, got ", promise);
    t.promise = static_cast<Promise>(promise);
    const auto orders = given["orders"].cast<std::array<double, 2>>();
    t.orders = {orders[0], orders[1]};
    const auto nodes = given["nodes"].cast<std::array<std::vector<double>, 4>>();
    t.nodes = {nodes[0], nodes[1], nodes[2], nodes[3]};
    buffon::require(nodes[0].size() >= 2, "Table: nodes must hold at least two times");
    for (const auto& column : nodes) buffon::require(column.size() == nodes[0].size(), "Table: nodes must be equally many");
    t.slots = given["slots"].cast<int>();
    t.rows = read_rows(given["rows"].cast<py::list>(), t.slots);
    buffon::require(!t.rows.empty(), "Table: rows are missing");
    for (const Row& row : t.rows)
        buffon::require(row.node < static_cast<int>(nodes[0].size()), "Table: rows must belong to nodes, got node ", row.node);
    for (const py::handle rows : given["coordinates"].cast<py::list>())
        t.coordinates.push_back(read_rows(py::cast<py::list>(rows), t.slots));
    t.remake = [name = t.name](const Grid&) -> Table {
        throw std::invalid_argument(
            name +
            ": this table came from a file without its maker's options, so there is none for another grid or level");
    };
    return t;
}

py::dict draws_state(const Draws& d) {
    py::dict out;
    out["x"] = from_matrix(d.x);
    py::list trajectory;
    for (const auto& x : d.trajectory) trajectory.append(from_matrix(x));
    out["trajectory"] = trajectory;
    out["times"] = from_vector(d.times);
    out["parts"] = d.parts;
    out["rng_key"] = d.rng_key;
    out["single"] = d.single;
    return out;
}

Draws draws_from_state(const py::dict& given) {
    Draws d;
    d.x = to_matrix(given["x"], "Draws: x");
    for (const py::handle x : given["trajectory"].cast<py::list>()) d.trajectory.push_back(to_matrix(x, "Draws: trajectory"));
    d.times = to_vector(given["times"], "Draws: times");
    d.parts = given["parts"].cast<std::map<std::string, std::int64_t>>();
    d.rng_key = given["rng_key"].cast<std::uint64_t>();
    d.single = given["single"].cast<bool>();
    buffon::require(d.x.rows >= 1, "Draws: x must hold at least one row");
    return d;
}

}  // namespace binder

#include <buffon/diffusion/recorder.hpp>

#include <algorithm>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

std::vector<int> reads(const Row& row) {
    if (row.at >= 0) return {row.at};
    std::vector<int> values;
    for (const Term& term : row.terms) values.push_back(term.value);
    return values;
}

}  // namespace

int order_at(const Nodes& nodes, std::size_t i, int order, bool lower_final) {
    if (nodes.rho[i + 1] == 0) return 1;
    const auto behind = static_cast<int>(i) + 1, left = static_cast<int>(nodes.steps() - i);
    return std::min({order, behind, lower_final ? left : order});
}

Combination Recorder::push(Row row) {
    rows_.push_back(std::move(row));
    return {{{static_cast<int>(rows_.size()) + 1, 1.0}}};
}

Combination Recorder::denoise(const Combination& x) {
    require(x.weights.size() == 1 && x.weights.begin()->second == 1.0,
            "Recorder.denoise: x must be one value, make it one by state()");
    Row row;
    row.at = x.weights.begin()->first;
    return push(std::move(row));
}

Combination Recorder::state(const Combination& x, double rho, double noise) {
    Row row;
    row.rho = rho;
    row.noise = noise;
    for (const auto& [value, weight] : x.weights) row.terms.push_back({value, weight});
    return push(std::move(row));
}

Combination Recorder::node(const Combination& x, std::size_t node, double rho, double noise) {
    const Combination value = state(x, rho, noise);
    rows_.back().node = static_cast<int>(node);
    return value;
}

Combination Recorder::langevin(const Combination& x, const Combination& D, double rho, double scale, bool pooled) {
    require(x.weights.size() == 1 && D.weights.size() == 1, "Recorder.langevin: x and D must be one value each");
    Row row;
    row.rho = rho;
    row.noise = rho;   // that there is one: its weight is found at run time
    row.terms = {{x.weights.begin()->first, 1.0}, {D.weights.begin()->first, 0.0}};
    row.langevin = scale;
    row.pooled = pooled;
    return push(std::move(row));
}

void assign_slots(Table& table) {
    const auto n = table.rows.size();
    std::vector<std::size_t> last(n + 2, 0);
    for (std::size_t i = 0; i < n; ++i)
        for (const int value : reads(table.rows[i])) last[static_cast<std::size_t>(value)] = i;
    std::vector<int> slot(n + 2, 0), free;
    table.slots = 1;
    for (std::size_t i = 0; i < n; ++i) {
        Row& row = table.rows[i];
        const auto release = [&] {
            for (const int value : reads(row))
                if (value != 1 && last[static_cast<std::size_t>(value)] == i)
                    free.push_back(slot[static_cast<std::size_t>(value)]);
        };
        if (row.at < 0) release();   // element by element: the result may overwrite an operand
        if (free.empty()) free.push_back(table.slots++);
        slot[i + 2] = row.slot = free.back();
        free.pop_back();
        if (row.at >= 0) release();   // the denoiser must not overwrite its input
    }
}

Table Recorder::seal() {
    Table table;
    table.rows = std::move(rows_);
    assign_slots(table);
    return table;
}

}  // namespace buffon::diffusion

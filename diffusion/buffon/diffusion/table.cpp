#include <buffon/diffusion/table.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

#include <buffon/check.hpp>
#include <buffon/diffusion/adaptive.hpp>
#include <buffon/diffusion/describe.hpp>

namespace buffon::diffusion {
namespace {

std::vector<double> levels_of_values(const Table& table, const std::vector<Row>& rows) {
    std::vector<double> rho{table.rho_start(), 0.0};
    for (const Row& row : rows) rho.push_back(row.at >= 0 ? 0.0 : row.rho);
    return rho;
}

double violation_of(const Table& table, const std::vector<Row>& rows) {
    const std::vector<double> rho = levels_of_values(table, rows);
    double worst = 0.0;
    for (const Row& row : rows) {
        if (row.at >= 0 || row.langevin > 0) continue;
        double weights = 0.0, level = 0.0, size = 0.0;
        for (const Term& term : row.terms) {
            const double part = term.weight * rho[static_cast<std::size_t>(term.value)];
            if (term.value != 1) weights += term.weight;
            level += part;
            size = std::max({size, std::abs(term.weight), std::abs(part)});
        }
        worst = std::max(worst, std::abs(weights - 1) / std::max(1.0, size));
        if (table.promise == Promise::levels)
            worst = std::max(worst, std::abs(std::hypot(level, row.noise) - row.rho) / std::max({1e-300, size, row.rho}));
    }
    return worst;
}

/// Names of the values: x_i by the order of the states, D_i of the outputs.
std::vector<std::string> value_names(const std::vector<Row>& rows) {
    std::vector<std::string> names{"x0", "1"};
    int states = 0, outputs = 0;
    for (const Row& row : rows) {
        const bool state = row.at < 0 && (row.rho > 0 || row.node >= 0);   // else an output of the denoiser or a mix of them
        std::string name(1, state ? 'x' : 'D');
        names.push_back(name += std::to_string(state ? ++states : outputs++));
    }
    return names;
}

}  // namespace

std::int64_t Table::evaluations() const {
    return std::ranges::count_if(rows, [](const Row& row) { return row.at >= 0; });
}

bool Table::has_noise() const {
    return std::ranges::any_of(rows, [](const Row& row) { return row.noise != 0; });
}

std::int64_t Table::operands() const {
    std::size_t most = 0;
    for (const Row& row : rows) most = std::max(most, row.terms.size());
    return static_cast<std::int64_t>(most);
}

double Table::violation() const {
    if (promise == Promise::nothing) return 0.0;
    double worst = violation_of(*this, rows);
    for (const auto& coordinate : coordinates) worst = std::max(worst, violation_of(*this, coordinate));
    return worst;
}

std::string Table::text() const {
    std::ostringstream out;
    out << name << "(steps=" << grid.steps.value_or(steps());
    if (grid.grid.times.empty()) out << ", grid='" << EnumNames<GridKind>::names[static_cast<std::size_t>(grid.grid.kind)] << "'";
    else out << ", grid=[" << nodes.t.front() << " ... " << nodes.t.back() << "]";
    if (grid.power != Grid{}.power) out << ", power=" << grid.power;
    if (grid.to_zero) out << ", to_zero=True";
    if (grid.reversed) out << ", from data to noise";
    if (!options.empty()) out << ", " << options;
    if (adaptive) {
        out << "): evaluations as its tolerances ask for, from noise level " << rho_start() << " to " << nodes.rho.back();
        return out.str();
    }
    out << "): " << evaluations() << " evaluation" << (evaluations() == 1 ? "" : "s") << " from noise level "
        << rho_start() << " to " << nodes.rho.back() << ", " << rows.size() - static_cast<std::size_t>(evaluations())
        << " combinations of at most " << operands() << " values, " << slots << " arrays";
    if (has_noise()) out << ", random";
    return out.str();
}

std::string Table::formula() const {
    const auto names = value_names(rows);
    std::ostringstream out;
    out.precision(6);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        out << names[i + 2] << " = ";
        if (row.at >= 0) out << "denoise(" << names[static_cast<std::size_t>(row.at)] << ")";
        if (row.langevin > 0)
            out << "langevin(" << names[static_cast<std::size_t>(row.terms[0].value)] << ", "
                << names[static_cast<std::size_t>(row.terms[1].value)] << ")";
        else for (std::size_t k = 0; k < row.terms.size(); ++k) {
            const double w = row.terms[k].weight;
            out << (k == 0 ? (w < 0 ? "-" : "") : (w < 0 ? " - " : " + ")) << std::abs(w) << " "
                << names[static_cast<std::size_t>(row.terms[k].value)];
        }
        if (row.noise != 0 && row.langevin == 0) out << " + " << row.noise << " xi";
        if (row.at < 0) out << "   [level " << row.rho << "]";
        out << "\n";
    }
    return out.str();
}

Table Table::reversed() const {
    require(!has_noise(), name, ": a random table cannot run from data to noise");
    require(nodes.rho.back() > 0, name, ": a table that ends at sigma = 0 cannot run from data to noise; leave to_zero out");
    Grid back = grid;
    back.reversed = !grid.reversed;
    return remake(back);
}

bool Table::pooled() const {
    return (adaptive && adaptive->norms == Norms::batch) || std::ranges::any_of(rows, &Row::pooled);
}

Table Table::from_level(double rho) const {
    require(!grid.reversed, name, ": a table from data to noise starts at its own level, ", rho_start(), ", only");
    require(grid.grid.times.empty(), name, ": a table made from an array of times starts at its first only, level ",
            rho_start(), "; got level ", rho);
    require(rho > nodes.rho.back() && std::isfinite(rho), name, ": a start must lie above the last noise level ",
            nodes.rho.back(), ", got ", rho);
    Grid from = grid;
    from.t_start = schedule.t_of_lambda(-std::log(rho));
    return remake(from);
}

}  // namespace buffon::diffusion

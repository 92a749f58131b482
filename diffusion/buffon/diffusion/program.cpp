#include <buffon/diffusion/program.hpp>

#include <algorithm>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

using Rows = std::vector<Row>;

bool alike(const Rows& a, const Rows& b) {
    return std::ranges::equal(a, b, [](const Row& left, const Row& right) {
        return left.at == right.at && left.node == right.node && (left.noise != 0) == (right.noise != 0) &&
               (left.langevin > 0) == (right.langevin > 0) && left.pooled == right.pooled &&
               std::ranges::equal(left.terms, right.terms, {}, &Term::value, &Term::value);
    });
}

Operation operation(const std::vector<const Rows*>& tables, std::size_t i, const std::vector<int>& slot) {
    const Row& first = (*tables[0])[i];
    Operation op{.at = first.at < 0 ? -1 : slot[static_cast<std::size_t>(first.at)],
                 .node_at = -1,
                 .out = first.slot,
                 .in = {},
                 .weights = {},
                 .offset = std::vector<double>(tables.size(), 0.0),
                 .noise = {},
                 .rho = {},
                 .node = first.node,
                 .langevin = {},
                 .pooled = first.pooled,
                 .before = {}};
    for (std::size_t k = 0; k < first.terms.size(); ++k) {
        const int value = first.terms[k].value;
        if (value != 1) op.in.push_back(slot[static_cast<std::size_t>(value)]);
        for (std::size_t g = 0; g < tables.size(); ++g) {
            const double weight = (*tables[g])[i].terms[k].weight;
            if (value == 1) op.offset[g] = weight;
            else op.weights.push_back(weight);
        }
    }
    for (const Rows* rows : tables) {
        op.rho.push_back((*rows)[i].rho);
        if (first.noise != 0) op.noise.push_back((*rows)[i].noise);
        if (first.langevin > 0) op.langevin.push_back((*rows)[i].langevin);
    }
    return op;
}

}  // namespace

Program pack(std::span<const Table> tables) {
    require(!tables.empty(), "sample: no table");
    const Table& first = tables[0];
    Program program;
    std::vector<const Rows*> all;
    if (first.coordinates.empty()) {
        for (const Table& table : tables) all.push_back(&table.rows);
        program.axis = tables.size() > 1 ? Program::Axis::sample : Program::Axis::none;
    } else {
        require(tables.size() == 1, "sample: ", first.name,
                " has coefficients per coordinate: all samples must start at one level");
        for (const Rows& rows : first.coordinates) all.push_back(&rows);
        program.axis = Program::Axis::coordinate;
    }
    for (const Rows* rows : all) require(alike(*all[0], *rows), "sample: the tables of ", first.name, " differ in shape");
    program.tables = static_cast<std::int64_t>(all.size());
    program.slots = first.slots;
    program.evaluations = first.evaluations();
    std::vector<int> slot{0, -1};
    std::vector<double> level;   // of the last node or random row
    for (std::size_t g = 0; g < all.size(); ++g)
        level.push_back(program.axis == Program::Axis::sample ? tables[g].rho_start() : first.rho_start());
    std::int64_t draws = 0;
    for (std::size_t i = 0; i < first.rows.size(); ++i) {
        slot.push_back(first.rows[i].slot);
        program.operations.push_back(operation(all, i, slot));
        // level of the point that is denoised
        if (first.rows[i].at >= 0) {
            program.operations.back().node_at =
                first.rows[i].at == 0 ? 0 : first.rows[static_cast<std::size_t>(first.rows[i].at) - 2].node;
            for (std::size_t g = 0; g < all.size(); ++g)
                program.operations.back().rho[g] =
                    first.rows[i].at == 0
                        ? (program.axis == Program::Axis::sample ? tables[g].rho_start() : first.rho_start())
                        : (*all[g])[static_cast<std::size_t>(first.rows[i].at) - 2].rho;
        }
        Operation& op = program.operations.back();
        if (!op.noise.empty()) {
            op.draw = draws++;
            op.before = level;
        }
        if (!op.noise.empty() || op.node >= 0) level = op.rho;
    }
    return program;
}

}  // namespace buffon::diffusion

#include <buffon/assign.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include <buffon/assign_on_device.hpp>
#include <buffon/check.hpp>
#include <buffon/crowded.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/matching.hpp>
#include <buffon/parallel.hpp>
#include <buffon/second_best.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

double entry(const Costs& c, std::int64_t i, std::int64_t j) {
    const std::int64_t k = i * c.row_stride + j * c.col_stride;
    return c.wide != nullptr ? c.wide[k] : static_cast<double>(c.single[k]);
}

bool usable(double cost) { return cost >= -largest_cost && (cost <= largest_cost || std::isinf(cost)); }

/// Every cost by itself: only where one of them is known to be wrong.
[[noreturn]] void refuse_cost(const Costs& c, const std::string& where) {
    for (std::int64_t i = 0; i < c.rows; ++i)
        for (std::int64_t j = 0; j < c.cols; ++j)
            require(usable(entry(c, i, j)),
                    "assign: costs must be numbers up to 1e300, or inf where a pair is forbidden, got ", entry(c, i, j),
                    " at row ", i, ", column ", j, where);
    std::abort();
}

void check(const Costs& c, const CostLines& lines, const std::string& where) {
    for (std::int64_t i = 0; i < lines.lines(); ++i)
        if (!lines.kernel().usable_costs(lines.line(i), lines.columns())) refuse_cost(c, where);
}

/// Duals of the lines: exactly the smallest c - v, so that no reduced cost is negative, not even by rounding.
std::vector<double> line_duals(const CostLines& lines, const Matching& m) {
    std::vector<double> u(at(lines.real_lines()));
    for (std::int64_t i = 0; i < lines.real_lines(); ++i)
        u[at(i)] = lines.kernel().two_smallest(lines.line(i), m.v.data(), lines.columns()).first + 0.0;   // no -0
    return u;
}

Assignment solve(const Costs& c, const AssignOptions& options, const std::string& where) {
    Assignment a;
    a.gap = options.gap ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    a.columns.assign(at(c.rows), -1);
    a.rows.assign(at(c.cols), -1);
    a.u.assign(at(c.rows), 0.0);
    a.v.assign(at(c.cols), 0.0);
    if (c.rows == 0 || c.cols == 0) return a;
    CostLines lines(c);
    check(c, lines, where);
    Matching m(lines);
    const bool found = match(lines, m);
    require(found, "assign: no assignment without a forbidden pair (inf) exists", where, found ? "" : ": " + why_none(lines));
    std::vector<double> u = line_duals(lines, m);
    a.cost = sum_of(lines.real_lines(), [&](std::int64_t i) { return lines.cost(i, m.column_of[at(i)]); });
    if (options.gap) a.gap = second_best_gap(lines, m, u);
    for (double& v : m.v) v += 0.0;
    std::swap(lines.swapped() ? a.rows : a.columns, m.column_of);
    std::swap(lines.swapped() ? a.columns : a.rows, m.line_of);
    std::swap(lines.swapped() ? a.v : a.u, u);
    std::swap(lines.swapped() ? a.u : a.v, m.v);
    return a;
}

}  // namespace

Assignment assign(const Costs& costs, const AssignOptions& options) {
    if (options.device == "cpu") return solve(costs, options, "");
    return assign(std::span(&costs, 1), options)[0];
}

std::vector<Assignment> assign(std::span<const Costs> problems, const AssignOptions& options) {
    require(options.threads >= 0, "assign: threads must not be negative, got ", options.threads);
    const int device = device_number(options.device);
    require(device < 0 || !options.gap, "assign: the gap is found on the processor only, got device '", options.device, "'");
    std::vector<Assignment> out(problems.size());
    std::vector<std::int64_t> left(problems.size());
    if (device < 0) std::iota(left.begin(), left.end(), 0);
    else left = assign_on_device({.device = device}, problems, false, out);
    parallel::for_each(static_cast<std::int64_t>(left.size()), options.threads, [&](std::int64_t k) {
        const std::int64_t b = left[at(k)];
        out[at(b)] = solve(problems[at(b)], options, " of problem " + std::to_string(b));
    });
    return out;
}

}  // namespace buffon

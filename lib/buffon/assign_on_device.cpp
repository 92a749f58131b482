#include <buffon/assign_on_device.hpp>

#include <algorithm>
#include <limits>

#include <buffon/cost_lines.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/matching.hpp>

namespace buffon {
namespace {

/// The problems that a device takes, and where their numbers lie.
struct Batch {
    std::vector<DeviceAssignment> problems;
    std::vector<std::int64_t> which;       // among those that were given
    std::vector<double> costs;             // of the host, line by line
    std::int64_t lines = 0, columns = 0, largest = 0;
};

bool taken(const Costs& c) {
    const std::int64_t lines = std::min(c.rows, c.cols), columns = std::max(c.rows, c.cols);
    return lines > 0 && columns <= DeviceAssignments::most_columns && most_path_scans(lines, columns) > 0;
}

/// Lines and columns of a problem, by the rule of CostLines.
DeviceAssignment shape_of(const Costs& c) {
    DeviceAssignment d{.costs = c.wide != nullptr ? static_cast<const void*>(c.wide) : c.single, .single = c.wide == nullptr};
    const bool swapped = lines_are_columns(c);
    d.lines = static_cast<std::int32_t>(swapped ? c.cols : c.rows);
    d.columns = static_cast<std::int32_t>(swapped ? c.rows : c.cols);
    d.line_stride = swapped ? c.col_stride : c.row_stride;
    d.step = swapped ? c.row_stride : c.col_stride;
    d.most_scans = most_path_scans(d.lines, d.columns);
    return d;
}

/// A problem of the host in the batch's own memory; its place there until that has one on the device.
void pack(Batch& batch, DeviceAssignment& d) {
    const std::size_t first = batch.costs.size();
    for (std::int64_t i = 0; i < d.lines; ++i)
        for (std::int64_t j = 0; j < d.columns; ++j) {
            const std::int64_t at = i * d.line_stride + j * d.step;
            batch.costs.push_back(d.single ? static_cast<double>(static_cast<const float*>(d.costs)[at]) : static_cast<const double*>(d.costs)[at]);
        }
    d = {.costs = nullptr, .single = false, .lines = d.lines, .columns = d.columns, .line_stride = d.columns, .step = 1, .most_scans = d.most_scans};
    batch.problems.push_back(d);
    batch.problems.back().first_line = static_cast<std::int64_t>(first);
}

Batch batch_of(std::span<const Costs> problems, bool there, std::vector<std::int64_t>& left) {
    Batch batch;
    for (std::size_t b = 0; b < problems.size(); ++b) {
        if (!taken(problems[b])) {
            left.push_back(static_cast<std::int64_t>(b));
            continue;
        }
        DeviceAssignment d = shape_of(problems[b]);
        if (there) batch.problems.push_back(d);
        else pack(batch, d);
        batch.which.push_back(static_cast<std::int64_t>(b));
        batch.largest = std::max(batch.largest, std::int64_t{d.columns});
    }
    return batch;
}

/// Costs of the host go to the device; every problem gets its places.
DeviceBuffer place(const DeviceQueue& queue, bool there, Batch& batch) {
    DeviceBuffer costs = there ? DeviceBuffer() : DeviceBuffer::of(queue, std::span<const double>(batch.costs));
    for (DeviceAssignment& d : batch.problems) {
        if (!there) d.costs = costs.as<double>() + d.first_line;
        d.first_line = batch.lines;
        d.first_column = batch.columns;
        batch.lines += d.lines;
        batch.columns += d.columns;
    }
    return costs;
}

/// What a batch has found, on the device.
struct Found {
    DeviceBuffer columns, lines, u, v, cost;
    std::vector<DeviceOutcome> outcomes;
};

Found solve(const DeviceQueue& queue, bool there, Batch& batch) {
    const DeviceBuffer costs = place(queue, there, batch), list = DeviceBuffer::of(queue, std::span<const DeviceAssignment>(batch.problems));
    const auto count = static_cast<std::int64_t>(batch.problems.size());
    Found f{DeviceBuffer(queue, batch.lines * 8), DeviceBuffer(queue, batch.columns * 8), DeviceBuffer(queue, batch.lines * 8), DeviceBuffer(queue, batch.columns * 8),
            DeviceBuffer(queue, count * 8), std::vector<DeviceOutcome>(batch.problems.size())};
    const DeviceBuffer outcome(queue, count * 4);
    const DeviceAssignments what{.problems = list.as<DeviceAssignment>(), .count = count, .largest = static_cast<std::int32_t>(batch.largest),
                                 .column_of = static_cast<std::int64_t*>(f.columns.data()), .line_of = static_cast<std::int64_t*>(f.lines.data()),
                                 .u = static_cast<double*>(f.u.data()), .v = static_cast<double*>(f.v.data()), .cost = static_cast<double*>(f.cost.data()),
                                 .outcome = static_cast<DeviceOutcome*>(outcome.data())};
    device_check(queue, device_library().table->assignments(&queue, &what));
    outcome.download(f.outcomes.data());
    return f;
}

}  // namespace

std::vector<std::int64_t> assign_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there, std::span<Assignment> out) {
    std::vector<std::int64_t> left;
    Batch batch = batch_of(problems, there, left);
    if (batch.problems.empty()) return left;
    const Found found = solve(queue, there, batch);
    std::vector<std::int64_t> columns(static_cast<std::size_t>(batch.lines)), lines(static_cast<std::size_t>(batch.columns));
    std::vector<double> of_lines(columns.size()), of_columns(lines.size()), totals(found.outcomes.size());
    found.columns.download(columns.data());
    found.lines.download(lines.data());
    found.u.download(of_lines.data());
    found.v.download(of_columns.data());
    found.cost.download(totals.data());
    for (std::size_t k = 0; k < totals.size(); ++k) {
        const auto b = static_cast<std::size_t>(batch.which[k]);
        if (found.outcomes[k] != DeviceOutcome::found) {
            left.push_back(batch.which[k]);
            continue;
        }
        const DeviceAssignment& d = batch.problems[k];
        const bool swapped = lines_are_columns(problems[b]);
        Assignment& a = out[b];
        a.cost = totals[k];
        a.gap = std::numeric_limits<double>::quiet_NaN();
        const auto part = [](const auto& all, std::int64_t first, std::int64_t n) { return std::vector(all.begin() + first, all.begin() + first + n); };
        (swapped ? a.rows : a.columns) = part(columns, d.first_line, d.lines);
        (swapped ? a.columns : a.rows) = part(lines, d.first_column, d.columns);
        (swapped ? a.v : a.u) = part(of_lines, d.first_line, d.lines);
        (swapped ? a.u : a.v) = part(of_columns, d.first_column, d.columns);
    }
    std::ranges::sort(left);
    return left;
}

bool assign_alike_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there, const AssignmentRoom& out) {
    if (problems.empty()) return false;
    std::vector<std::int64_t> left;
    Batch batch = batch_of(problems, there, left);
    if (!left.empty()) return false;
    const Found found = solve(queue, there, batch);
    if (std::ranges::any_of(found.outcomes, [](DeviceOutcome o) { return o != DeviceOutcome::found; })) return false;
    const bool swapped = lines_are_columns(problems[0]);
    found.columns.download(swapped ? out.rows : out.columns);
    found.lines.download(swapped ? out.columns : out.rows);
    found.u.download(swapped ? out.v : out.u);
    found.v.download(swapped ? out.u : out.v);
    found.cost.download(out.cost);
    return true;
}

}  // namespace buffon

#include <buffon/assign_on_device.hpp>

#include <algorithm>
#include <cstring>
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
    std::int64_t lines = 0, largest = 0;
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
    for (std::int64_t i = 0; i < d.lines; ++i) {
        const std::int64_t start = i * d.line_stride;
        if (!d.single && d.step == 1) {
            const double* line = static_cast<const double*>(d.costs) + start;
            batch.costs.insert(batch.costs.end(), line, line + d.columns);
            continue;
        }
        for (std::int64_t j = 0; j < d.columns; ++j) {
            const std::int64_t at = start + j * d.step;
            batch.costs.push_back(d.single ? static_cast<double>(static_cast<const float*>(d.costs)[at])
                                           : static_cast<const double*>(d.costs)[at]);
        }
    }
    d = {.costs = nullptr,
         .single = false,
         .lines = d.lines,
         .columns = d.columns,
         .line_stride = d.columns,
         .step = 1,
         .most_scans = d.most_scans};
    batch.problems.push_back(d);
    batch.problems.back().first_line = static_cast<std::int64_t>(first);
}

Batch batch_of(std::span<const Costs> problems, bool there, std::vector<std::int64_t>& left) {
    Batch batch;
    batch.problems.reserve(problems.size());
    batch.which.reserve(problems.size());
    std::int64_t packed = 0;
    for (const Costs& c : problems) packed += !there && taken(c) ? c.rows * c.cols : 0;
    batch.costs.reserve(static_cast<std::size_t>(packed));
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
        batch.lines += d.lines;
    }
    return costs;
}

/// What a batch has found: one piece of memory, sent at once.
class Found {
public:
    /// Queued; the host may go on.
    Found(const DeviceQueue& queue, bool there, Batch& batch)
        : costs_(place(queue, there, batch)),
          list_(DeviceBuffer::of(queue, std::span<const DeviceAssignment>(batch.problems))), lines_(batch.lines),
          count_(static_cast<std::int64_t>(batch.problems.size())), there_(queue, 8 * wide() + 4 * (lines_ + count_)) {
        auto* numbers = static_cast<double*>(there_.data());
        auto* indices = reinterpret_cast<std::int32_t*>(numbers + wide());
        const DeviceAssignments what{.problems = list_.as<DeviceAssignment>(),
                                     .count = count_,
                                     .largest = static_cast<std::int32_t>(batch.largest),
                                     .column_of = indices,
                                     .u = numbers,
                                     .v = numbers + lines_,
                                     .cost = numbers + 2 * lines_,
                                     .outcome = reinterpret_cast<DeviceOutcome*>(indices + lines_)};
        device_check(queue, device_library().table->assignments(&queue, &what));
    }

    /// Waits.
    void fetch() {
        here_.resize(static_cast<std::size_t>(wide() + (lines_ + count_ + 1) / 2));
        there_.download(here_.data());
    }

    const double* u() const { return here_.data(); }
    const double* v() const { return u() + lines_; }
    const double* cost() const { return v() + lines_; }
    const std::int32_t* column_of() const { return reinterpret_cast<const std::int32_t*>(u() + wide()); }
    bool solved(std::size_t k) const {
        return column_of()[lines_ + static_cast<std::int64_t>(k)] == static_cast<std::int32_t>(DeviceOutcome::found);
    }

private:
    std::int64_t wide() const { return 2 * lines_ + count_; }

    DeviceBuffer costs_, list_;
    std::int64_t lines_, count_;
    DeviceBuffer there_;
    std::vector<double> here_;
};

/// Room for one problem, by its lines and columns.
struct LineRoom {
    std::int64_t* column_of;
    std::int64_t* line_of;
    double* u;
    double* v;
};

/// No column has a line yet, and none a dual.
void clear(const LineRoom& to, std::int64_t columns) {
    const auto bytes = static_cast<std::size_t>(8 * columns);
    std::memset(to.line_of, 0xff, bytes);   // -1; unlike a loop's, its stores need not fetch what they overwrite
    std::memset(to.v, 0, bytes);            // 0.0
}

/// What was found of a problem, into room that is clear.
void spread(const Found& found, const DeviceAssignment& d, const LineRoom& to) {
    for (std::int64_t i = 0; i < d.lines; ++i) {
        const std::int64_t from = d.first_line + i, column = found.column_of()[from];
        to.column_of[i] = column;
        to.u[i] = found.u()[from];
        to.line_of[column] = i;
        to.v[column] = found.v()[from];
    }
}

}  // namespace

std::vector<std::int64_t> assign_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there,
                                           std::span<Assignment> out) {
    std::vector<std::int64_t> left;
    Batch batch = batch_of(problems, there, left);
    if (batch.problems.empty()) return left;
    Found found(queue, there, batch);
    found.fetch();
    for (std::size_t k = 0; k < batch.problems.size(); ++k) {
        const auto b = static_cast<std::size_t>(batch.which[k]);
        if (!found.solved(k)) {
            left.push_back(batch.which[k]);
            continue;
        }
        const DeviceAssignment& d = batch.problems[k];
        Assignment& a = out[b];
        a.cost = found.cost()[k];
        a.gap = std::numeric_limits<double>::quiet_NaN();
        a.columns.resize(static_cast<std::size_t>(problems[b].rows));
        a.rows.resize(static_cast<std::size_t>(problems[b].cols));
        a.u.resize(a.columns.size());
        a.v.resize(a.rows.size());
        const LineRoom room = lines_are_columns(problems[b]) ? LineRoom{a.rows.data(), a.columns.data(), a.v.data(), a.u.data()}
                                                             : LineRoom{a.columns.data(), a.rows.data(), a.u.data(), a.v.data()};
        clear(room, d.columns);
        spread(found, d, room);
    }
    std::ranges::sort(left);
    return left;
}

bool assign_alike_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there, const AssignmentRoom& out) {
    if (problems.empty()) return false;
    std::vector<std::int64_t> left;
    Batch batch = batch_of(problems, there, left);
    if (!left.empty()) return false;
    Found found(queue, there, batch);
    const LineRoom all = lines_are_columns(problems[0]) ? LineRoom{out.rows, out.columns, out.v, out.u}
                                                        : LineRoom{out.columns, out.rows, out.u, out.v};
    const std::int64_t lines = batch.problems[0].lines, columns = batch.problems[0].columns;
    clear(all, columns * std::ssize(problems));   // while the device works
    found.fetch();
    for (std::size_t k = 0; k < problems.size(); ++k) {
        if (!found.solved(k)) return false;
        const auto b = static_cast<std::int64_t>(k);
        spread(found, batch.problems[k],
               {all.column_of + b * lines, all.line_of + b * columns, all.u + b * lines, all.v + b * columns});
        out.cost[k] = found.cost()[k];
    }
    return true;
}

}  // namespace buffon

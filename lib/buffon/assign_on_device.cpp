#include <buffon/assign_on_device.hpp>

#include <algorithm>
#include <limits>
#include <utility>

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

/// Where the parts of what was found lie: u and v of all lines, costs, then integers: the lines' columns, the outcomes.
struct FoundParts {
    const double* numbers;
    std::int64_t lines, problems;

    std::int64_t wide() const { return 2 * lines + problems; }
    const double* u() const { return numbers; }
    const double* v() const { return u() + lines; }
    const double* cost() const { return v() + lines; }
    const std::int32_t* column_of() const { return reinterpret_cast<const std::int32_t*>(numbers + wide()); }
    bool solved(std::int64_t k) const { return column_of()[lines + k] == static_cast<std::int32_t>(DeviceOutcome::found); }
};

/// Solved on the device, and sent in one piece.
std::vector<double> found_by(const DeviceQueue& queue, bool there, Batch& batch) {
    const DeviceBuffer costs = place(queue, there, batch),
                       list = DeviceBuffer::of(queue, std::span<const DeviceAssignment>(batch.problems));
    const FoundParts parts{nullptr, batch.lines, std::ssize(batch.problems)};
    const DeviceBuffer found(queue, 8 * parts.wide() + 4 * (parts.lines + parts.problems));
    auto* numbers = static_cast<double*>(found.data());
    auto* indices = reinterpret_cast<std::int32_t*>(numbers + parts.wide());
    const DeviceAssignments what{.problems = list.as<DeviceAssignment>(),
                                 .count = parts.problems,
                                 .largest = static_cast<std::int32_t>(batch.largest),
                                 .column_of = indices,
                                 .u = numbers,
                                 .v = numbers + parts.lines,
                                 .cost = numbers + 2 * parts.lines,
                                 .outcome = reinterpret_cast<DeviceOutcome*>(indices + parts.lines)};
    device_check(queue, device_library().table->assignments(&queue, &what));
    std::vector<double> here(static_cast<std::size_t>(parts.wide() + (parts.lines + parts.problems + 1) / 2));
    found.download(here.data());
    return here;
}

/// What lines [first, first + lines) have.
void take_lines(const FoundParts& found, std::int64_t first, std::int64_t lines, std::int64_t* column_of, double* u) {
    std::copy_n(found.column_of() + first, lines, column_of);
    std::copy_n(found.u() + first, lines, u);
}

/// What their columns have, and nothing where no line is.
void take_columns(const FoundParts& found, std::int64_t first, std::int64_t lines, std::int64_t columns, std::int64_t* line_of,
                  double* v) {
    std::fill_n(line_of, columns, -1);
    std::fill_n(v, columns, 0.0);
    for (std::int64_t i = 0; i < lines; ++i) {
        const std::int64_t column = found.column_of()[first + i];
        line_of[column] = i;
        v[column] = found.v()[first + i];
    }
}

}  // namespace

std::vector<std::int64_t> assign_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there,
                                           std::span<Assignment> out) {
    std::vector<std::int64_t> left;
    Batch batch = batch_of(problems, there, left);
    if (batch.problems.empty()) return left;
    const std::vector<double> numbers = found_by(queue, there, batch);
    const FoundParts found{numbers.data(), batch.lines, std::ssize(batch.problems)};
    for (std::size_t k = 0; k < batch.problems.size(); ++k) {
        const auto b = static_cast<std::size_t>(batch.which[k]);
        if (!found.solved(static_cast<std::int64_t>(k))) {
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
        const bool swapped = lines_are_columns(problems[b]);
        take_lines(found, d.first_line, d.lines, (swapped ? a.rows : a.columns).data(), (swapped ? a.v : a.u).data());
        take_columns(found, d.first_line, d.lines, d.columns, (swapped ? a.columns : a.rows).data(),
                     (swapped ? a.u : a.v).data());
    }
    std::ranges::sort(left);
    return left;
}

std::optional<AlikeAssignments> assign_alike_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there) {
    std::vector<std::int64_t> left;
    Batch batch = batch_of(problems, there, left);
    if (batch.problems.empty() || !left.empty()) return std::nullopt;
    std::vector<double> numbers = found_by(queue, there, batch);
    const FoundParts found{numbers.data(), batch.lines, std::ssize(batch.problems)};
    for (std::int64_t k = 0; k < found.problems; ++k)
        if (!found.solved(k)) return std::nullopt;
    return AlikeAssignments(std::move(numbers), found.problems, batch.problems[0].lines, batch.problems[0].columns);
}

void AlikeAssignments::shorter_side(std::int64_t* partner, double* dual) const {
    take_lines({numbers_.data(), problems_ * lines_, problems_}, 0, problems_ * lines_, partner, dual);
}

void AlikeAssignments::longer_side(std::int64_t* partner, double* dual) const {
    const FoundParts found{numbers_.data(), problems_ * lines_, problems_};
    for (std::int64_t b = 0; b < problems_; ++b)
        take_columns(found, b * lines_, lines_, columns_, partner + b * columns_, dual + b * columns_);
}

std::span<const double> AlikeAssignments::cost() const {
    return {FoundParts{numbers_.data(), problems_ * lines_, problems_}.cost(), static_cast<std::size_t>(problems_)};
}

}  // namespace buffon

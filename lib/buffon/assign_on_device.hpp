/// Small assignment problems on a CUDA device: the processor's assignments, with the same bits. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <buffon/assign.hpp>
#include <buffon/device_model.hpp>

namespace buffon {

/// Solves on the device what has at most 1,024 columns and needs no auction. Returns the problems that are left to the
/// processor: others,
/// and those without an assignment or with costs that it refuses, whose words it has.
/// @param there costs are memory of the device, rows in one piece   @param out one for each problem
std::vector<std::int64_t> assign_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there,
                                           std::span<Assignment> out);

/// Assignments of problems of one shape and order, as a device sent them: what each object of the shorter side has. The longer
/// side is written
/// when it is asked for: most of its objects are free, and have the dual 0.
class AlikeAssignments {
public:
    /// @param numbers duals u and v of all lines, costs, and as 32-bit integers the lines' columns
    AlikeAssignments(std::vector<double> numbers, std::int64_t problems, std::int64_t lines, std::int64_t columns)
        : numbers_(std::move(numbers)), problems_(problems), lines_(lines), columns_(columns) {}

    /// (problems, lines)
    void shorter_side(std::int64_t* partner, double* dual) const;
    /// (problems, columns), -1 and 0 for a free one
    void longer_side(std::int64_t* partner, double* dual) const;
    /// (problems)
    std::span<const double> cost() const;

private:
    std::vector<double> numbers_;
    std::int64_t problems_, lines_, columns_;
};

/// The same of problems of one shape and order; none where there is no problem, or the device does not solve them all.
std::optional<AlikeAssignments> assign_alike_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there);

}  // namespace buffon

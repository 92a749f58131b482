/// Small assignment problems on a CUDA device: the processor's assignments, with the same bits. Not installed.
#pragma once

#include <cstdint>
#include <span>
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

/// Room for what problems of one shape have, one after the other; all memory of the host.
struct AssignmentRoom {
    std::int64_t* columns = nullptr;
    std::int64_t* rows = nullptr;
    double* u = nullptr;
    double* v = nullptr;
    double* cost = nullptr;
};

/// The same of problems of one shape and order, where all of them are solved on the device; else false, and nothing is found.
bool assign_alike_on_device(const DeviceQueue& queue, std::span<const Costs> problems, bool there, const AssignmentRoom& out);

}  // namespace buffon

/// Assignment problems on a device: the paths of matching.hpp, step by step, one group of threads for each problem. Not
/// installed.
#pragma once

#include <cstdint>

namespace buffon {

/// Costs of line i and column j at costs[i * line_stride + j * step], memory of the device; lines <= columns.
struct DeviceAssignment {
    const void* costs = nullptr;
    bool single = false;
    std::int32_t lines = 0, columns = 0;
    std::int64_t line_stride = 0, step = 1;
    std::int64_t most_scans = 0;   // beyond, it is given up
    std::int64_t first_line = 0;   // where its numbers begin in what is found
};

enum class DeviceOutcome : std::int32_t { found, none, long_paths, refused };   // refused: a cost that no problem may have

/// What is found, memory of the device: of all lines, and of each problem. Every line has a column, and the other
/// columns have neither
/// a line nor a dual: what they are need not be sent.
struct DeviceAssignments {
    static constexpr std::int64_t most_columns = 1024;

    const DeviceAssignment* problems = nullptr;
    std::int64_t count = 0;
    std::int32_t largest = 0;            // columns of the largest problem
    std::int32_t* column_of = nullptr;
    double* u = nullptr;
    double* v = nullptr;                 // of each line's column
    double* cost = nullptr;
    DeviceOutcome* outcome = nullptr;

    /// Shared memory of one problem.
    static constexpr std::int64_t bytes(std::int64_t columns) { return 56 * ((columns + 1) / 2 * 2); }
};

}  // namespace buffon

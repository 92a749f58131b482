/// What a model compiled for a CUDA device offers to estimators, and what they hand to it. Made by device_problem of
/// <buffon/device.cuh>; an estimator uses it where run.device names a device.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <buffon/device_law.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct Outputs;

/// Where work is queued: a device and one of its streams (a cudaStream_t; nullptr: the default one).
struct DeviceQueue {
    int device = 0;
    void* stream = nullptr;
};

/// The rows of a run as they are drawn: uniforms of a stream or of nets, then the law. Pointers are memory of the device.
struct DeviceDraws {
    Stream stream;                             // of independent points
    const std::uint64_t* nets = nullptr;       // (replicates, 1 + digits, width): shift and directions of each; null: no nets
    const std::uint64_t* owen =
        nullptr;   // (replicates, owen_keys, width), of Owen's scramble, whose words have their first digit last
    std::int64_t digits = 0, width = 0;        // of an index; uniforms of a row
    std::int64_t points = 0;   // of one net, or of a replicate of independent points: a power of two; 0: all are one
    const double* factor = nullptr;            // (dim, dim) lower triangular: of normal scores, where inputs depend on each other
    std::int64_t dim = 0;
    bool uniform = false;                      // all laws are uniform, and independent
    static constexpr std::int64_t most_laws = 64;
    DeviceLaw laws[most_laws];                 // here, not in memory: their numbers are operands of instructions
};

/// Rows whose moments are taken together: records of a sum do not depend on how many are asked for at once.
inline constexpr std::int64_t device_block = 65'536;
/// Rows of a pick-freeze run that are summed together.
inline constexpr std::int64_t pick_freeze_block = 16'384;

/// Numbers in the record of a block: n, means, lower triangle of the scatter.
BUFFON_HD constexpr std::int64_t moment_numbers(std::int64_t outputs) { return 1 + outputs + outputs * (outputs + 1) / 2; }
/// n, a, b, aa, bb, ab, largest; then per input sum, square, with a, with b, largest of its steps (see PairSums).
BUFFON_HD constexpr std::int64_t pick_freeze_numbers(std::int64_t dim) { return 7 + 5 * dim; }

/// Rows first ... first + rows - 1 of the draws lie in blocks of `block` from the first row of their net or replicate on; one
/// record for each block that they touch, in their order.
struct DeviceRange {
    std::int64_t first = 0, rows = 0;
    double* records = nullptr;
};

/// Number of records of a range; `points` of a net, 0: none.
constexpr std::int64_t blocks_of(std::int64_t first, std::int64_t rows, std::int64_t points, std::int64_t block) {
    const std::int64_t length = points > 0 && points < block ? points : block;   // both powers of two: blocks lie in one net
    return rows > 0 ? (first + rows - 1) / length - first / length + 1 : 0;
}

/// Queued on the device; they throw nothing: nullptr, or what went wrong, in words that stay until the thread's next call.
struct DeviceFunctions {
    /// y (rows, outputs) from x (rows, dim), memory of the device.
    const char* (*evaluate)(const DeviceQueue* queue, const void* model, const double* x, std::int64_t rows, double* y) = nullptr;
    /// Draws, evaluates, accumulates.
    const char* (*moments)(const DeviceQueue* queue, const void* model, const DeviceDraws* draws,
                           const DeviceRange* range) = nullptr;
    /// The same of f(A), f(B) and f(A with one input from B), less `centre`; null for models of several outputs.
    const char* (*pick_freeze)(const DeviceQueue* queue, const void* model, const DeviceDraws* draws, double centre,
                               const DeviceRange* range) = nullptr;
};

/// Outputs on a device: y (rows, outputs), and scores of the same shape where there are some, alive as long as `owner`.
struct DeviceValues {
    const double* y = nullptr;
    std::int64_t outputs = 0;
    std::shared_ptr<const void> owner;
    const double* score = nullptr;
};

/// Either functions of its own, or a batch function that is called with rows that lie on the device.
struct DeviceModel {
    std::int64_t dim = 0;
    std::int64_t outputs = 0;                            // 0: known once a batch was evaluated
    std::function<const DeviceFunctions*()> functions;   // gives null where they are not there: then run.device is refused
    std::shared_ptr<const void> model;                   // what they take
    std::function<DeviceValues(const DeviceQueue& queue, const double* x, std::int64_t rows)> batch;
    /// What the processor makes of the outputs at points x (rows, dim), functions of them and scores; points are then
    /// drawn there, too.
    std::function<void(ConstView x, Outputs& out)> finish = {};
};

}  // namespace buffon

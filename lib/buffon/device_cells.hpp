/// Power cells on a device: what power_cells.hpp counts, with the same bits. Not installed. Pointers are memory of the device.
#pragma once

#include <cstdint>

#include <buffon/device_model.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// Rows of a block, and targets of a panel.
inline constexpr std::int64_t device_cell_rows = 16, device_cell_panel = 128;

/// Blocks of 16 centred rows of a source, each (dim, 16): block b holds rows 16 b ... 16 b + 15 of the stream.
struct DeviceCellBlocks {
    Stream stream;
    std::int64_t dim = 0, first = 0, blocks = 0;
    const DeviceLaw* laws = nullptr;           // (dim) of independent coordinates; null: standard normal ones, not centred
    const double* mean = nullptr;              // (dim), where there are laws
    float* x = nullptr;
};

struct DeviceCellTargets {
    std::int64_t dim = 0, size = 0, panels = 0;
    const float* points = nullptr;             // (panels, dim, 128), 0 beyond the last
    const float* heights =
        nullptr;   // (panels, 128), far below all others beyond the last; memory for an even number of panels
};

/// The target of the largest score <x, y> + h of every draw that blocks give: the rows, turned and mirrored as
/// PowerCells has it. Products
/// are rounded before they are added, in the order of the coordinates, as on the processor: of equal scores the lowest target.
struct DeviceNearest {
    DeviceCellTargets targets;
    const float* x = nullptr;                  // (blocks, dim, 16)
    std::int64_t first = 0, blocks = 0;
    Stream signs = {};
    std::int32_t rotations = 1;                // at most 4 are turned on a device
    bool mirrored = false;
    std::int32_t* cell = nullptr;              // (blocks, draws of a block)
    float* score = nullptr;
    std::int32_t* second = nullptr;            // the next best of plain rows; null: not looked for
    float* second_score = nullptr;

    constexpr std::int64_t draws_per_block() const { return device_cell_rows * rotations * (mirrored ? 2 : 1); }
};

/// Targets in half precision for tensor cores, times `scale`, a power of two: images of 128 targets by 64 coordinates,
/// an even number of
/// panels; norms: the largest |y|, the largest |y - what the image holds|, scale taken out; both -1 where the device
/// has no such kernels.
struct DeviceHalfTargets {
    DeviceCellTargets targets;
    float scale = 1.0f;
    void* images = nullptr;                    // bytes()
    float* norms = nullptr;                    // (2)

    constexpr std::int64_t chunks() const { return (targets.dim + 63) / 64; }
    constexpr std::int64_t bytes() const { return (targets.panels + 1) / 2 * 2 * chunks() * 16'384; }
};

/// The cells of DeviceNearest without the scores, by tensor cores: scores of half precision name the best and by how
/// much; where that is
/// not more than `margin`, all that come close are scored again as DeviceNearest has it. The same cells as long as no
/// score is wrong by
/// more than half the margin.
struct DeviceFastNearest {
    DeviceNearest nearest;
    DeviceHalfTargets half;
    float margin = 0.0f;
    std::uint32_t* failed = nullptr;           // set to 1 where too many come close: then no cells were found
};

/// counts (size) += how often each target is in `cell`.
struct DeviceCellCounts {
    const std::int32_t* cell = nullptr;
    std::int64_t draws = 0, size = 0;
    std::uint64_t* counts = nullptr;
    const std::uint32_t* failed = nullptr;     // where not 0, there are no cells; null: there are
};

/// sums (groups): of `length` numbers each, one after the other, the last group being shorter.
struct DeviceSerialSums {
    const float* numbers = nullptr;
    std::int64_t count = 0, length = 0;
    double* sums = nullptr;
};

/// scores (16 blocks, stride) of plain rows, height included.
struct DeviceCellScores {
    DeviceCellTargets targets;
    const float* x = nullptr;
    std::int64_t blocks = 0, stride = 0;
    float* scores = nullptr;
};

/// sums (size) += the softmax of scores / width of each row without terms below e^-32 of the largest, rows of a block
/// summed before blocks.
struct DeviceSoftSums {
    const float* scores = nullptr;             // (16 blocks, stride)
    std::int64_t blocks = 0, size = 0, stride = 0;
    double width = 1.0;
    double* rows = nullptr;                    // room for 3 numbers of each row
    double* parts = nullptr;                   // room for (blocks, size)
    double* sums = nullptr;
};

/// least (targets that are listed) = min(itself, over plain rows: best score - score).
struct DeviceShortfalls {
    DeviceCellTargets targets;
    const float* x = nullptr;
    std::int64_t blocks = 0;
    const float* best = nullptr;               // (16 blocks)
    const std::int32_t* listed = nullptr;
    std::int64_t count = 0;
    float* least = nullptr;
};

}  // namespace buffon

/// What libbuffon asks of a CUDA device for sliced Wasserstein distances: projections of points on directions, sorted,
/// and what two of
/// them say of each other. Pointers are memory of the device. Not installed.
#pragma once

#include <cstdint>

#include <buffon/device_work.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// Of one sample, on each of some directions: sorted numbers and the rows that they belong to, equal ones in the order
/// of the rows.
struct DeviceLines {
    const void* values = nullptr;              // (count, rows)
    const std::uint32_t* order = nullptr;      // (count, rows)
    std::int64_t rows = 0;
};

/// Directions `first`, ... of a stream, uniform on the sphere: the standard normal numbers at their index, divided by their norm.
struct DeviceDirections {
    Stream stream;
    Number number = Number::float64;           // of `out`; no half
    std::int64_t first = 0, count = 0, dim = 0;
    void* out = nullptr;                       // (count, dim)
};

/// Makes lines: x . direction, in the order of the coordinates; in double in the processor's arithmetic.
struct DeviceSlices {
    static constexpr std::int64_t most = std::int64_t{1} << 30;   // numbers of all lines

    const void* from = nullptr;                // (rows, dim)
    Number number = Number::float64;           // of everything here; no half
    std::int64_t rows = 0, dim = 0;
    const void* directions = nullptr;          // (count, dim)
    std::int64_t count = 0;
    void* values = nullptr;
    std::uint32_t* order = nullptr;
    std::uint64_t* bad = nullptr;              // the smallest row that is not finite, where it was larger
};

/// Squared W2 of the lines of each direction, and `scale` times the sums over the directions of Kantorovich's
/// potentials at the rows of both.
struct DeviceSliceGaps {
    Number number = Number::float64;
    std::int64_t count = 0;
    DeviceLines x, y;
    double scale = 1.0;
    double* squares = nullptr;                 // (count)
    double* of_x = nullptr;                    // (x.rows)
    double* of_y = nullptr;                    // (y.rows)
    double* potentials = nullptr;              // room for (count, x.rows + y.rows)
};

/// Squared W2 between the rows 0, 2, ... and 1, 3, ... of the same lines.
struct DeviceSliceHalves {
    Number number = Number::float64;
    std::int64_t count = 0;
    DeviceLines of;
    double* squares = nullptr;                 // (count)
    void* halves = nullptr;                    // room for (count, rows)
};

}  // namespace buffon

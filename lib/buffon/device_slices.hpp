/// What libbuffon asks of a CUDA device for sliced Wasserstein distances: projections of points on directions, sorted,
/// what two of them say of each other, and what all say of a row. Pointers are memory of the device. Not installed.
#pragma once

#include <cstdint>

#include <buffon/device_work.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// Of one sample, on each of some directions: sorted numbers and the rows that they belong to, equal ones in the order
/// of the rows. A float and its row lie in one word, the row in its last `row_bits` bits (device_slice_keys.cuh).
struct DeviceLines {
    const void* sorted = nullptr;           // (count, rows): words of floats, doubles
    const std::uint32_t* order = nullptr;   // (count, rows) of doubles
    std::int64_t rows = 0;
    std::int32_t row_bits = 0;
};

/// Directions `first`, ... of a stream, uniform on the sphere: the standard normal numbers at their index, divided by their norm.
struct DeviceDirections {
    Stream stream;
    Number number = Number::float64;   // of `out`; no half
    std::int64_t first = 0, count = 0, dim = 0;
    void* out = nullptr;   // (count, dim)
};

struct DeviceSliceSet {
    const void* from = nullptr;   // (rows, dim)
    std::int64_t rows = 0;
    std::uint64_t* bad = nullptr;   // the smallest row that is not finite, where it was larger
};

/// Makes the lines of one sample or two: x . direction, of doubles in the processor's arithmetic, in the order of the
/// coordinates.
struct DeviceSlices {
    static constexpr std::int64_t most = std::int64_t{1} << 30,
                                  most_directions = 1 << 15;   // numbers of all lines; of a launch

    Number number = Number::float64;   // of everything here; no half
    DeviceSliceSet set[2];             // the second has no rows where there is one
    std::int64_t dim = 0;
    const void* directions = nullptr;   // (count, dim)
    std::int64_t count = 0;
    void* room = nullptr;   // room_bytes(); the lines lie there

    constexpr std::int64_t numbers() const { return count * (set[0].rows + set[1].rows); }
    /// Words twice; of doubles numbers and places besides, and those twice.
    std::int64_t room_bytes() const { return numbers() * (number == Number::float32 ? 16 : 32); }
};

/// Squared W2 of the lines of each direction, and `scale` times the sums over the directions of Kantorovich's
/// potentials at the rows of both; `more`: added to what is there.
struct DeviceSliceGaps {
    Number number = Number::float64;
    std::int64_t count = 0;
    DeviceLines x, y;
    double scale = 1.0;
    bool more = false;
    double* squares = nullptr;      // (count)
    double* potentials = nullptr;   // (x.rows + y.rows)
    double* halves = nullptr;       // (count) squared W2 between the rows 0, 2, ... and 1, 3, ... of y; or null
};

/// Covariances of the means of pairs (u_i, v_i), of two kinds of rows; 0 of no rows.
struct DeviceMeans {
    const double *u[2] = {}, *v[2] = {};   // (rows) each
    std::int64_t rows[2] = {};
    double* covariance = nullptr;   // (2)
};

}   // namespace buffon

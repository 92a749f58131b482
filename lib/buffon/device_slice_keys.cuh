/// Words that sort as numbers do: a float, its line above it and its row below fit into 64 bits. For the .cu files only.
#pragma once

#include <buffon/device_slices.hpp>

namespace buffon::device {

/// Integers in the order of the numbers; -0 is 0.
__device__ inline std::uint64_t sortable(double v) {
    const auto bits = static_cast<std::uint64_t>(__double_as_longlong(v + 0.0));
    return bits >> 63 ? ~bits : bits | std::uint64_t{1} << 63;
}
__device__ inline std::uint32_t sortable(float v) {
    const std::uint32_t bits = __float_as_uint(v + 0.0f);
    return bits >> 31 ? ~bits : bits | 1u << 31;
}
__device__ inline float number_of(std::uint32_t key) { return __uint_as_float(key >> 31 ? key & 0x7fffffffu : ~key); }

/// Where projections go, line after line; lines of the second sample follow those of the first.
struct SliceKeys {
    std::int64_t rows[2], count;
    int row_bits;   // of floats
    std::uint64_t* keys;
    double* values;          // of doubles
    std::uint32_t* places;   // of doubles: where they stood

    __device__ std::int64_t place(int set, std::int64_t direction, std::int64_t row) const {
        return (set == 0 ? 0 : rows[0] * count) + direction * rows[set] + row;
    }
    __device__ void put(int set, std::int64_t direction, std::int64_t row, float v) const {
        keys[place(set, direction, row)] = static_cast<std::uint64_t>(set * count + direction) << (32 + row_bits) |
                                           std::uint64_t{sortable(v)} << row_bits | static_cast<std::uint64_t>(row);
    }
    __device__ void put(int set, std::int64_t direction, std::int64_t row, double v) const {
        const std::int64_t at = place(set, direction, row);
        keys[at] = sortable(v);
        values[at] = v;
        places[at] = static_cast<std::uint32_t>(at);
    }
};

/// The sorted numbers of a direction, which nobody changes any more: loads may pass what is stored elsewhere.
template <class T>
struct SortedLine;

template <>
struct SortedLine<float> {
    const unsigned long long* keys;
    std::int64_t rows;
    int row_bits;

    __device__ SortedLine(const DeviceLines& of, std::int64_t direction)
        : keys(static_cast<const unsigned long long*>(of.sorted) + direction * of.rows), rows(of.rows),
          row_bits(of.row_bits) {}
    __device__ float value(std::int64_t i) const {
        return number_of(static_cast<std::uint32_t>(__ldg(keys + i) >> row_bits));
    }
    __device__ std::int64_t row(std::int64_t i) const {
        return static_cast<std::int64_t>(__ldg(keys + i) & ((std::uint64_t{1} << row_bits) - 1));
    }
};

template <>
struct SortedLine<double> {
    const double* values;
    const std::uint32_t* order;
    std::int64_t rows;

    __device__ SortedLine(const DeviceLines& of, std::int64_t direction)
        : values(static_cast<const double*>(of.sorted) + direction * of.rows), order(of.order + direction * of.rows),
          rows(of.rows) {}
    __device__ double value(std::int64_t i) const { return __ldg(values + i); }
    __device__ std::int64_t row(std::int64_t i) const { return __ldg(order + i); }
};

}   // namespace buffon::device

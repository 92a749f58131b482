/// What libbuffon asks of a CUDA device: plain structs whose pointers are memory of that device unless said. Not installed.
#pragma once

#include <cstdint>

#include <buffon/stream.hpp>

namespace buffon {

/// Where work is queued: a device and one of its streams (a cudaStream_t; nullptr: the default one).
struct DeviceQueue {
    int device = 0;
    void* stream = nullptr;
};

enum class Number : std::int32_t { float64, float32 };

constexpr std::int64_t size_of(Number number) { return number == Number::float64 ? 8 : 4; }

/// out (rows, cols) = offset + sum_k weight_k in_k + noise_weight xi, xi the standard normal numbers of `noise` at index
/// `first` + row and component column; the sum in double, in the order of the operands, as kernel::combine has it.
struct DeviceCombine {
    static constexpr int max_terms = 64;
    /// Whose coefficients differ: nobody's, each row's by its group, each column's.
    enum class Axis : std::int32_t { none, row, column };

    void* out = nullptr;
    Number out_number = Number::float64, in_number = Number::float64;
    std::int32_t terms = 0;
    const void* in[max_terms] = {};
    double weight[max_terms] = {};
    double offset = 0.0;
    bool random = false;
    double noise_weight = 0.0;
    Stream noise;
    std::int64_t first = 0, rows = 0, cols = 0;
    Axis axis = Axis::none;
    std::int64_t groups = 1;
    const double* coefficients = nullptr;      // (terms + 2, groups): weights, offset, noise_weight, where there is an axis
    const std::int32_t* group_of = nullptr;    // (rows), of Axis::row
};

/// Rows that are denoised: x and out (rows, dim).
struct DeviceRows {
    const void* x = nullptr;
    void* out = nullptr;
    Number number = Number::float64;
    std::int64_t rows = 0;
    double sigma = 0.0;                        // of all rows, where `sigmas` is null
    const double* sigmas = nullptr;            // (rows)
    const std::int64_t* labels = nullptr;      // (rows), -1 for none; null: none
};

/// Posterior means of a Gaussian mixture whose component k has the covariance axes^T diag(variance) axes + rest (I - axes^T axes).
struct DeviceMixture {
    std::int64_t dim = 0, size = 0, rank = 0;  // rank: rows of axes that are kept of each component
    const double* log_weight = nullptr;        // (size)
    const double* means = nullptr;             // (size, dim)
    const double* variance = nullptr;          // (size, rank)
    const double* axes = nullptr;              // (size, rank, dim); null: the identity, and rank = dim
    const double* rest = nullptr;              // (size); not read where rank = dim
    const std::int64_t* label = nullptr;       // (size) class of each component; null: none has one
};

/// Averages of points with the weights softmax_i(log_weight_i - |x - y_i|^2 / (2 v)), v = sigma^2 + bandwidth^2, sigma^2 / v of
/// them and the rest of x: attention.hpp on a device. Points are relative to their centre. Floats of at most 64 coordinates are
/// kept in tiles: `tiled` coordinates, 16, 32 or 64, and a multiple of 64 points, what is added being 0, its weight too; in
/// `transposed` each 64 points stand in the order 0, 16, 32, 48, 1, 17, ...
struct DevicePoints {
    std::int64_t dim = 0, size = 0;
    std::int64_t tiled = 0, padded = 0;        // 0 and size where there are no tiles
    Number number = Number::float64;           // of distances, weights and sums
    const double* centre = nullptr;            // (dim)
    const void* points = nullptr;              // (padded, tiled or dim)
    const void* transposed = nullptr;          // (tiled or dim, padded)
    const void* half_norm = nullptr;           // (padded) |y|^2 / 2
    const void* log_weight = nullptr;          // (padded)
    const std::int64_t* starts = nullptr;      // first point of each class, and the end; null: no classes
    double bandwidth = 0.0;
    bool direct = false;                       // distances as sums of squared differences: needed where v is far below |y|^2
};

}  // namespace buffon

/// What libbuffon asks of a CUDA device: plain structs whose pointers are memory of that device unless said. Not installed.
#pragma once

#include <cstdint>

#include <buffon/device_model.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// Halves are what states may be stored in: `combine` takes them, nothing else does.
enum class Number : std::int32_t { float64, float32, float16, bfloat16 };

constexpr bool is_half(Number number) { return number == Number::float16 || number == Number::bfloat16; }
constexpr std::int64_t size_of(Number number) { return number == Number::float64 ? 8 : is_half(number) ? 2 : 4; }

/// out (rows, cols) = offset + sum_k weight_k in_k + noise_weight xi, xi the standard normal numbers of `noise` at index
/// `first` + row and component column, or those of `given`; the sum in double, in the order of the operands, as
/// kernel::combine has
/// it, and rounded to float on its way to a half.
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
    const double* given = nullptr;             // row i of xi at given + i * given_stride; null: drawn
    std::int64_t given_stride = 0;
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
    // What exact models tell besides, or alone where `out` is null; nobody else looks here.
    bool score = false;                        // whether out is the gradient of log p_sigma
    double* log_density = nullptr;             // (rows)
    double* modes = nullptr;                   // (rows, modes): probabilities of components or classes
};

/// log p_sigma(x) at each of a grid's levels, up to a constant of each row: out (rows, count), x (rows, dim) in double.
struct DeviceLevels {
    const double* x = nullptr;
    std::int64_t rows = 0;
    const double* levels = nullptr;            // (count)
    std::int64_t count = 0;
    double* out = nullptr;
};

/// Posterior means of a Gaussian mixture whose component k has the covariance axes^T diag(variance) axes + rest (I -
/// axes^T axes).
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
    std::int64_t classes = 0;
    double bandwidth = 0.0;
    bool direct = false;                       // distances as sums of squared differences: needed where v is far below |y|^2
};

/// Gaussians in the groups of eight of kernel::gaussian_log_density.
struct DeviceGaussians {
    std::int64_t dim = 0, size = 0;
    const double* groups = nullptr;
};

/// Their log densities at z (rows, dim), out (rows, size); or of each row the log of sum_k share_k g_k, out (rows),
/// log_share (size).
struct DeviceLogDensities {
    DeviceGaussians of;
    const double* z = nullptr;
    std::int64_t rows = 0;
    const double* log_share = nullptr;
    double* out = nullptr;
};

/// A coordinate of a working space whose laws are Gaussian there: x = t, or max(lower + e^t, first), of t = centre + scale z.
struct DeviceCoordinate {
    bool above = false;
    double lower = 0.0, first = 0.0, centre = 0.0, scale = 1.0;
};

/// Draws z and x (rows, dim) of a proposal from a net, rows first, ...: its first coordinate chooses by alpha
/// (components + 1) between
/// q_0, of which the same number chooses the law, and the components. Laws, then components: means (., dim), factors
/// (., dim, dim).
struct DeviceProposal {
    std::int64_t dim = 0, laws = 0, components = 0;
    const double* alpha = nullptr;
    const double* means = nullptr;
    const double* factors = nullptr;
    const DeviceCoordinate* coordinates = nullptr;
    const std::uint64_t* net = nullptr;        // (1 + digits, dim + 1)
    std::int64_t digits = 0, first = 0, rows = 0;
    double* z = nullptr;
    double* x = nullptr;
};

/// What the last sample of aiscv sums, of one output y (rows): rows u = (g_k / q - 1 of q_0 and the components, 1, y
/// f_j / q, f_j / q - 1,
/// g_j / q - 1 of Gaussians fitted to each law, if any); where there are components. Gaussians in this order: laws,
/// components, fitted.
struct DeviceWeights {
    static constexpr std::int64_t block_rows = 256;   // rows of one record of own sums
    static constexpr std::int64_t own_sums = 7;       // of each law: ff, ft, fg, gg, gt; |t| and t^2 where q_0 has half of q
    static constexpr std::int64_t most_laws = 1024;

    DeviceGaussians gaussians;
    std::int64_t laws = 0, components = 0;
    bool own = false;                          // whether there are f and g columns
    double highest = 0.0;                      // log density that none has anywhere
    bool close = false;                        // whether sampled points have densities above e^-700 of it
    const double* alpha = nullptr;             // (components + 1)
    const double* z = nullptr;
    const double* y = nullptr;
    std::int64_t rows = 0;
    double* u = nullptr;                       // (rows, width())
    double* records = nullptr;                 // (blocks, own_sums, laws)

    constexpr std::int64_t fitted() const { return gaussians.size - laws - components; }
    constexpr std::int64_t left() const { return components + 2; }   // columns before the responses
    constexpr std::int64_t width() const { return left() + laws + (own ? laws + fitted() : 0); }
    constexpr std::int64_t blocks() const { return (rows + block_rows - 1) / block_rows; }
};

/// sums (left, width) += (the first columns of u)' u, u (rows, width); records: room for `slices` times as much.
struct DeviceGram {
    static constexpr std::int64_t slice_rows = 512;

    const double* u = nullptr;
    std::int64_t rows = 0, left = 0, width = 0;
    double* records = nullptr;
    double* sums = nullptr;

    constexpr std::int64_t slices() const { return (rows + slice_rows - 1) / slice_rows; }
};

/// Rows are cut at q, their max or the quantile of their sizes if that is larger, and brought to max: thresholded.hpp, in place.
struct DeviceThreshold {
    void* x = nullptr;                         // (rows, cols)
    Number number = Number::float64;
    std::int64_t rows = 0, cols = 0;
    double max = 1.0;
    bool dynamic = false;
    double ratio = 1.0;                        // of the quantile
};

/// Each row is multiplied by 1 + rescale (s / s' - 1), s and s' the standard deviations of the same row of `before` and
/// of its own; by
/// 1 where s' is 0.
struct DeviceRescale {
    void* x = nullptr;                         // (rows, cols)
    const void* before = nullptr;
    Number number = Number::float64;
    std::int64_t rows = 0, cols = 0;
    double rescale = 0.0;
};

/// out (rows) sums of the squares of x - less, both (rows, cols), or of their departures from the row's mean.
struct DeviceRowSquares {
    const void* x = nullptr;
    const void* less = nullptr;                // null: 0
    Number number = Number::float64;
    std::int64_t rows = 0, cols = 0;
    bool centred = false;
    double* out = nullptr;
};

/// Coefficients (4, rows) for `combine` of x, D and numbers xi by Langevin corrections, from |xi|^2 and |D - x|^2 of each row; pooled:
/// from the means of their roots.
struct DeviceCorrections {
    const double *drawn = nullptr, *pull = nullptr;   // (rows)
    std::int64_t rows = 0;
    bool pooled = false;
    const double *scale = nullptr, *rho = nullptr;    // (groups)
    const std::int32_t* group_of = nullptr;           // (rows); null: all are of the first
    double* coefficients = nullptr;
};

/// Points (rows, dim) as pairs of them are met: less `centre`, coordinate by coordinate, (padded dim, padded rows) of
/// the same number,
/// what is added being 0; and half the squares of their norms.
struct DevicePanels {
    static constexpr std::int64_t coordinates = 16, points = 128;   // whole multiples of these

    const void* from = nullptr;
    Number number = Number::float64;
    std::int64_t rows = 0, dim = 0;
    const double* centre = nullptr;            // (dim); null: 0
    void* panels = nullptr;
    void* norms = nullptr;                     // (padded rows)
    std::uint64_t* bad = nullptr;              // [0]: the smallest row that is not finite, where it was larger; [1]: bits of the
                                               // largest square of a norm as a double, where it was smaller

    constexpr std::int64_t padded_rows() const { return (rows + points - 1) / points * points; }
    constexpr std::int64_t padded_dim() const { return (dim + coordinates - 1) / coordinates * coordinates; }
    constexpr std::int64_t numbers() const { return padded_rows() * padded_dim(); }
};

/// Sums of a function (see PairFunction) over pairs of points: of all rows of x with all of y, or of x with itself, i != j. Rows
/// are met in strips: first, first + stride, ...
struct DevicePairs {
    static constexpr std::int64_t strip_rows = 8192, chunk_columns = 512;

    std::int32_t function = 0;
    double scale = 0.0;
    bool itself = false, direct = false;       // direct: distances as sums of squared differences
    DevicePanels x, y;
    std::int64_t first = 0, strips = 0, stride = 1;
    double* row_records = nullptr;             // (chunks, rows)
    double* column_records = nullptr;          // (rows / tile, columns)
    double* square_records = nullptr;          // (rows / tile, chunks)
    /// Sums of rows (strips, strip_rows), of columns (strips, columns) over the rows of each strip, of squares (strips,
    /// strip_rows / tile).
    /// Where x is met by itself a pair stands once in rows and once in columns, and its square counts twice.
    double* sums = nullptr;
    /// Where all strips are there: (numbers()), sums of x's rows, of y's but where x is met by itself, and of all squares. The
    /// strips are added one after the other, as the processor adds those of several devices. Null if not wanted.
    double* totals = nullptr;

    constexpr std::int64_t numbers() const { return x.rows + (itself ? 0 : y.rows) + 1; }
    constexpr std::int64_t tile() const { return x.number == Number::float32 ? 128 : 64; }   // rows and columns of one
    constexpr std::int64_t rows() const { return strips * strip_rows; }
    constexpr std::int64_t tiles() const { return rows() / tile(); }
    constexpr std::int64_t columns() const { return y.padded_rows(); }
    constexpr std::int64_t chunks() const { return (columns() + chunk_columns - 1) / chunk_columns; }
    constexpr std::int64_t records() const { return chunks() * rows() + tiles() * columns() + tiles() * chunks(); }
    constexpr std::int64_t results() const { return rows() + strips * columns() + tiles(); }
};

/// sums (numbers) += the records (count, numbers), one after the other.
struct DeviceTotal {
    const double* records = nullptr;
    std::int64_t count = 0, numbers = 0;
    double* sums = nullptr;
};

}  // namespace buffon

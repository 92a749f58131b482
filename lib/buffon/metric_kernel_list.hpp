/// The hot loops of metrics, defined in neighbours_kernel.cpp and symmetric_kernel.cpp, once per instruction set; all give equal
/// bits. Not installed, only for those files and metric_kernels.hpp.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>

namespace buffon {

inline constexpr int near_panel = 16;              // points are stored in panels of so many
inline constexpr std::int64_t near_rows = 64;      // rows that meet them together

/// Rows that meet `keys` points, whole panels of them but for the last.
struct NearPass {
    const double* x;         // (rows, dim), readable up to near_rows
    std::int64_t rows, dim;
    const double* norms;     // (rows): their squares
    const double* panels;    // (keys / panel, dim, panel)
    const double* of_keys;   // (keys): squares of the keys
    std::int64_t keys;
};

/// The k nearest of each row and each key, ascending, among equals the one that was met first; they change where a
/// nearer one is met.
struct NearestPass {
    NearPass points;
    bool itself;             // rows and keys are the same points: each meets the others, and rows alone are told
    std::int64_t k;
    std::int64_t first_row, first_key;   // their numbers among all points
    double* of_rows;         // (rows, k) squared distances
    std::int64_t* by_rows;   // (rows, k) who is there
    double* to_keys;         // (keys, k)
    std::int64_t* by_keys;
    double* worst;           // (keys): the last of each
};

/// A row and a key that are near each other.
struct ClosePair {
    double square;
    std::int64_t row, key;
};

/// All pairs with a squared distance below that of the row or that of the key.
struct ClosePass {
    NearPass points;
    const double* around_rows;   // (rows)
    const double* around_keys;   // (keys)
    std::int64_t first_row, first_key;
    ClosePair* found;            // room for rows x keys
};

inline constexpr std::int64_t product_rows = 64, product_panel = 16;

/// c (rows, columns) += sign a b', packed: a (rows, k) one row after the other, readable up to product_rows; b in panels,
/// (columns / panel, k, panel).
struct ProductPass {
    const double* a;
    const double* panels;
    std::int64_t rows, columns, k;
    double sign;
    double* c;
    std::int64_t stride;
};

inline namespace BUFFON_ISA {
namespace kernel {

void row_products(const ProductPass& pass);

/// y += A v, A symmetric (n, n) with rows `stride` apart, of which the lower triangle is read.
void symmetric_product(const double* a, std::int64_t stride, std::int64_t n, const double* v, double* y);


void nearest(const NearestPass& pass);
/// Number of pairs found.
std::int64_t close_pairs(const ClosePass& pass);

}  // namespace kernel
}  // namespace BUFFON_ISA

struct MetricKernels {
    decltype(&kernel::row_products) row_products;
    decltype(&kernel::symmetric_product) symmetric_product;
    decltype(&kernel::nearest) nearest;
    decltype(&kernel::close_pairs) close_pairs;
};

}  // namespace buffon

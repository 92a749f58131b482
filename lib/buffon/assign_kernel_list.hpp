/// The hot loops of assignment: scans of one line of costs c beside column potentials v, in double; and that of
/// entropic transport. Each is
/// defined in assign_kernel.cpp or sinkhorn_kernel.cpp, once per instruction set. Smallest numbers and their lowest
/// indices do not depend on the order of a scan: all levels give
/// equal bits. Not installed, only for those files and assign_kernels.hpp.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>

namespace buffon {

/// The two smallest numbers and where they stand, the lower index first among equals; +inf and -1 where there is none.
struct TwoSmallest {
    double first = 0.0, second = 0.0;
    std::int64_t at = -1, next = -1;
};

inline constexpr double largest_cost = 1e300;   // sums and differences of a few stay finite

inline constexpr std::int64_t near_classes = 32;   // of columns, by their number modulo this

inline constexpr std::int64_t soft_panel = 32;   // keys come in multiples of this

/// log sum_j e^(bias_j - D_ij) of each row, D_ij = |x_i - y_j|^2, or |x_i - y_j| where `root`.
struct SoftSums {
    const double* coordinates;   // of the keys y, (dim, keys)
    const double* bias;          // (keys); finite
    std::int64_t keys, dim;
    const double* x;             // (rows, dim)
    std::int64_t rows;
    bool root;
    double cutoff;               // terms e^-cutoff below the largest may be left out
    double* log_sum;             // (rows)
    double* mean_distance;       // (rows): D averaged with the terms as weights; null if not wanted
};

inline namespace BUFFON_ISA {
namespace kernel {

/// One pass over tiles of keys with the running maximum; nothing of size rows x keys is stored. A row's bits depend on it alone.
void soft_sums(const SoftSums& pass);

TwoSmallest two_smallest(const double* c, const double* v, std::int64_t n);

/// A step of Dijkstra's algorithm: where c - v + shift < distance it becomes the distance, with from = line. Returns the smallest
/// distance. Columns that are done have v = -inf and distance = inf.
double relax(const double* c, const double* v, double shift, std::int64_t line, std::int64_t n, double* distance,
             std::int64_t* from);

/// First j with distance_j <= bound and line_of_j < 0; if there is none, first j with distance_j <= bound.
std::int64_t first_within(const double* distance, double bound, const std::int64_t* line_of, std::int64_t n);

/// The smallest c - v of each class of columns and its column (inf and 0 where a class is empty); returns a lower bound for all
/// others.
double nearest_of_classes(const double* c, const double* v, std::int64_t n, double* value, std::int64_t* column);

/// smallest = min(smallest, c - u), with by = line where it changes.
void column_minima(const double* c, double u, std::int64_t line, std::int64_t n, double* smallest, std::int64_t* by);

/// Whether all costs are numbers up to +-largest_cost, or +inf.
bool usable_costs(const double* c, std::int64_t n);

/// Whether all costs are integers below 2^50, or +inf.
bool whole_costs(const double* c, std::int64_t n);

void widen(const float* c, std::int64_t n, double* out);

/// |x - y_j|^2, or |x - y_j| where `root`, of a point and n others; coordinates (d, n), one after the other.
void distances_to(const double* x, const double* coordinates, std::int64_t n, std::int64_t d, bool root, double* out);

}  // namespace kernel
}  // namespace BUFFON_ISA

struct AssignKernels {
    decltype(&kernel::soft_sums) soft_sums;
    decltype(&kernel::two_smallest) two_smallest;
    decltype(&kernel::relax) relax;
    decltype(&kernel::first_within) first_within;
    decltype(&kernel::nearest_of_classes) nearest_of_classes;
    decltype(&kernel::column_minima) column_minima;
    decltype(&kernel::usable_costs) usable_costs;
    decltype(&kernel::whole_costs) whole_costs;
    decltype(&kernel::widen) widen;
    decltype(&kernel::distances_to) distances_to;
};

}  // namespace buffon

/// Optimal assignment: the pairs of rows and columns with the smallest total cost, each row and each column in at most
/// one pair and
/// as many pairs as the shorter side has objects.
///
/// Shortest augmenting paths (Jonker, Volgenant, Computing 38, 1987; rectangular: Crouse, IEEE Trans. Aerosp. Electron. Syst. 52,
/// 2016). Large problems begin with an auction with decreasing increments (Bertsekas, Ann. Oper. Res. 14, 1988) that remembers
/// the nearest columns of each row: it only proposes duals, and what it leaves is augmented exactly.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <buffon/fields.hpp>

namespace buffon {

/// A table of costs that is looked at: float64 or float32, element (i, j) at i * row_stride + j * col_stride. Any finite number,
/// or +inf: that pair is forbidden.
struct Costs {
    const double* wide = nullptr;
    const float* single = nullptr;
    std::int64_t rows = 0, cols = 0;
    std::int64_t row_stride = 0, col_stride = 1;

    static Costs of(const double* data, std::int64_t rows, std::int64_t cols) { return {data, nullptr, rows, cols, cols, 1}; }
    static Costs of(const float* data, std::int64_t rows, std::int64_t cols) { return {nullptr, data, rows, cols, cols, 1}; }
};

struct AssignOptions {
    bool gap = false;
    int threads = 0;
    std::string device = "cpu";
    static constexpr auto fields() {
        return std::tuple{
            Field{"gap", &AssignOptions::gap,
                  "also find what the best of all other assignments costs more (about as much work again)"},
            Field{"threads", &AssignOptions::threads,
                  "threads that share the problems; 0: all. Same bits for any number"},
            Field{"device", &AssignOptions::device,
                  "'cpu', or 'cuda', 'cuda:1', ...: where problems of at most 1,024 columns are solved, with the same "
                  "bits; not for `gap`"}};
    }
};

/// The solution and its certificate. Up to rounding in the size of the costs: c_ij - u_i - v_j >= 0 for all pairs, u <=
/// 0 and v <= 0
/// on the longer side with 0 where unassigned, and sum u + sum v = cost; no assignment costs less than sum u + sum v.
struct Assignment {
    std::vector<std::int64_t> columns;   // (rows): column of each row, -1 for none
    std::vector<std::int64_t> rows;      // (columns): row of each column, -1 for none
    double cost = 0.0;
    std::vector<double> u, v;            // duals of rows and columns
    double gap = 0.0;                    // least extra cost of any other assignment, +inf if there is none; NaN if not asked for
};

/// @throw std::invalid_argument of NaN or -inf (named with its place), of no assignment without forbidden pairs, of
/// costs above 1e300, of a device
/// that is not there.
Assignment assign(const Costs& costs, const AssignOptions& options = {});

/// One solution for each problem; the problems are independent and may have any sizes. @throw as above, naming the problem.
std::vector<Assignment> assign(std::span<const Costs> problems, const AssignOptions& options = {});

}  // namespace buffon

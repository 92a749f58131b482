/// Squared distances or products of a few rows with one panel of points, in registers. Not installed: for the *_kernel.cpp.
#pragma once

#include <cstdint>

#include <buffon/lanes.hpp>

namespace buffon {
inline namespace BUFFON_ISA {

/// Rows whose sums stay in registers together; a sum has its own order of terms, so the number is free.
inline constexpr int tile_rows = register_lanes == 8 ? 8 : register_lanes == 4 ? 2 : 1;

/// Of `tile_rows` rows x (tile_rows, dim) with the points of one panel (dim, panel); out (tile_rows, panel).
template <bool product, int panel>
inline void meet(const double* x, const double* keys, std::int64_t dim, double* out) {
    constexpr int registers = panel / register_lanes;
    using One = Pack<register_lanes>;
    One sum[tile_rows][registers];
    for (int g = 0; g < tile_rows; ++g)
        for (int r = 0; r < registers; ++r) sum[g][r] = One::all(0.0);
    for (std::int64_t j = 0; j < dim; ++j, keys += panel) {
        One at[registers];
        for (int r = 0; r < registers; ++r) at[r] = One::load(keys + r * register_lanes);
        for (int g = 0; g < tile_rows; ++g) {
            const One of_row = One::all(x[g * dim + j]);
            for (int r = 0; r < registers; ++r) {
                if constexpr (product) {
                    sum[g][r] += of_row * at[r];
                } else {
                    One gap = of_row;   // differences: a point has distance 0 from itself, and near ones keep their digits
                    gap -= at[r];
                    sum[g][r] += gap * gap;
                }
            }
        }
    }
    for (int g = 0; g < tile_rows; ++g)
        for (int r = 0; r < registers; ++r) sum[g][r].store(out + g * panel + r * register_lanes);
}

}  // namespace BUFFON_ISA
}  // namespace buffon

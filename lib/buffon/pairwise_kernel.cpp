#include <buffon/kernel_list.hpp>
#include <buffon/pair_tile.hpp>
#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr int panel = pair_panel;
constexpr int group = tile_rows;

void apply(int function, double scale, double* v) {
    constexpr int n = group * panel;
    if (function == pair_gaussian) {
        for (int l = 0; l < n; ++l) v[l] = vecmath::exp(-scale * v[l]);
    } else if (function == pair_distance) {
        for (int l = 0; l < n; ++l) v[l] = __builtin_sqrt(v[l]);
    } else {
        for (int l = 0; l < n; ++l) {
            const double base = scale * v[l] + 1.0;
            v[l] = base * base * base;
        }
    }
}

}  // namespace

namespace kernel {

void pair_sums(const PairPass& p) {
    double lanes[pair_rows][panel] = {};
    double squares[panel] = {};
    double v[group * panel];
    for (std::int64_t first = 0; first < p.keys; first += panel) {
        const double* keys = p.panels + first * p.dim;
        double column[panel] = {};
        const std::int64_t inside = p.keys - first < panel ? p.keys - first : panel;
        for (std::int64_t row = 0; row < p.rows; row += group) {
            if (p.function == pair_cubic) meet<true, panel>(p.x + row * p.dim, keys, p.dim, v);
            else meet<false, panel>(p.x + row * p.dim, keys, p.dim, v);
            apply(p.function, p.scale, v);
            for (int g = 0; g < group && row + g < p.rows; ++g) {
                double* of_row = v + g * panel;
                for (std::int64_t l = inside; l < panel; ++l) of_row[l] = 0.0;
                if (p.without_itself && row + g >= first && row + g < first + panel) of_row[row + g - first] = 0.0;
                for (int l = 0; l < panel; ++l) lanes[row + g][l] += of_row[l];
                for (int l = 0; l < panel; ++l) column[l] += of_row[l];
                for (int l = 0; l < panel; ++l) squares[l] += of_row[l] * of_row[l];
            }
        }
        for (std::int64_t l = 0; l < inside; ++l) p.column_sums[first + l] = column[l];
    }
    for (std::int64_t row = 0; row < p.rows; ++row) {
        for (int half = panel / 2; half > 0; half /= 2)
            for (int l = 0; l < half; ++l) lanes[row][l] += lanes[row][l + half];
        p.row_sums[row] += lanes[row][0];
    }
    for (int half = panel / 2; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) squares[l] += squares[l + half];
    *p.squares += squares[0];
}

}  // namespace kernel
}  // namespace BUFFON_ISA
}  // namespace buffon

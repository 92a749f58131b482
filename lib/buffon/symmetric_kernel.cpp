#include <buffon/metric_kernel_list.hpp>
#include <buffon/pair_tile.hpp>

namespace buffon {
inline namespace BUFFON_ISA {

void kernel::row_products(const ProductPass& p) {
    constexpr int panel = product_panel;
    double v[tile_rows * panel];
    for (std::int64_t first = 0; first < p.columns; first += panel) {
        const std::int64_t inside = p.columns - first < panel ? p.columns - first : panel;
        for (std::int64_t row = 0; row < p.rows; row += tile_rows) {
            meet<true, panel>(p.a + row * p.k, p.panels + first * p.k, p.k, v);
            for (int g = 0; g < tile_rows && row + g < p.rows; ++g) {
                double* out = p.c + (row + g) * p.stride + first;
                if (inside == panel)
                    for (int l = 0; l < panel; ++l) out[l] += p.sign * v[g * panel + l];
                else
                    for (std::int64_t l = 0; l < inside; ++l) out[l] += p.sign * v[g * panel + l];
            }
        }
    }
}

void kernel::symmetric_product(const double* a, std::int64_t stride, std::int64_t n, const double* v, double* y) {
    constexpr int together = 4;   // rows, so that y is read and written once for all
    std::int64_t row = 0;
    for (; row + together <= n; row += together) {
        const double* r[together];
        Lanes sum[together], at[together];
        for (int g = 0; g < together; ++g) {
            r[g] = a + (row + g) * stride;
            sum[g] = Lanes::all(0.0);
            at[g] = Lanes::all(v[row + g]);
        }
        const std::int64_t whole = row / 8 * 8;
        for (std::int64_t j = 0; j < whole; j += 8) {
            const Lanes of_v = Lanes::load(v + j);
            Lanes to = Lanes::load(y + j);
            for (int g = 0; g < together; ++g) {
                const Lanes entries = Lanes::load(r[g] + j);
                sum[g] += entries * of_v;
                to += entries * at[g];
            }
            to.store(y + j);
        }
        for (int g = 0; g < together; ++g) {
            double of_row = buffon::sum(sum[g]);
            for (std::int64_t j = whole; j < row + g; ++j) {
                of_row += r[g][j] * v[j];
                y[j] += r[g][j] * v[row + g];
            }
            y[row + g] += of_row + r[g][row + g] * v[row + g];
        }
    }
    for (; row < n; ++row) {
        const double* of_row = a + row * stride;
        double sum = of_row[row] * v[row];
        for (std::int64_t j = 0; j < row; ++j) {
            sum += of_row[j] * v[j];
            y[j] += of_row[j] * v[row];
        }
        y[row] += sum;
    }
}

}  // namespace BUFFON_ISA
}  // namespace buffon

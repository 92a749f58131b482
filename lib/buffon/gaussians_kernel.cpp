#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>
#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

/// Points that share a load of the coefficients: their sums fill the registers.
constexpr std::int64_t together = register_lanes == 8 ? 6 : 2;
/// Points whose results stay in the first cache until all groups have written their part of a row.
constexpr std::int64_t tile = 4 * together;

/// One group at `count` points.
template <std::int64_t count>
void group_at(const double* group, std::int64_t d, const double* z, double* out, std::int64_t stride, std::int64_t width) {
    Lanes distance[count];
    for (auto& lanes : distance) lanes = Lanes::all(0.0);
    for (std::int64_t r = 0; r < d; ++r) {
        Lanes y[count];
        for (auto& lanes : y) lanes = Lanes::load(group);
        group += 8;
        for (std::int64_t s = 0; s <= r; ++s, group += 8) {
            const Lanes entry = Lanes::load(group);
            for (std::int64_t p = 0; p < count; ++p) y[p] += entry * Lanes::all(z[p * d + s]);
        }
        for (std::int64_t p = 0; p < count; ++p) distance[p] += y[p] * y[p];
    }
    for (std::int64_t p = 0; p < count; ++p, out += stride) {
        Lanes density = Lanes::load(group);
        density -= Lanes::all(0.5) * distance[p];
        if (width >= 8)
            density.store(out);
        else
            store_part(density, out, width);
    }
}

void group_at_rows(const double* group, std::int64_t d, const double* z, std::int64_t n, double* out, std::int64_t stride,
                   std::int64_t width) {
    std::int64_t i = 0;
    for (; i + together <= n; i += together) group_at<together>(group, d, z + i * d, out + i * stride, stride, width);
    for (; i < n; ++i) group_at<1>(group, d, z + i * d, out + i * stride, stride, width);
}

}  // namespace

void kernel::gaussian_log_density(const double* groups, std::int64_t count, std::int64_t d, const double* z, std::int64_t n,
                                  double* out, std::int64_t stride) {
    const std::int64_t length = 8 * (d + d * (d + 1) / 2 + 1);
    for (std::int64_t i = 0; i < n; i += tile) {
        const std::int64_t rows = n - i < tile ? n - i : tile;
        for (std::int64_t k = 0; k < count; k += 8)
            group_at_rows(groups + k / 8 * length, d, z + i * d, rows, out + i * stride + k, stride, count - k);
    }
}

void kernel::student_log_density(double* out, std::int64_t n, std::int64_t stride, std::int64_t count, const double* log_norm,
                                 const double* power, const double* inverse_degrees) {
    for (std::int64_t i = 0; i < n; ++i, out += stride)
        for (std::int64_t k = 0; k < count; ++k) {
            const double log_density = log_norm[k] - power[k] * vecmath::log1p(-2.0 * out[k] * inverse_degrees[k]);
            out[k] = inverse_degrees[k] > 0.0 ? log_density : out[k];
        }
}

}  // namespace BUFFON_ISA
}  // namespace buffon

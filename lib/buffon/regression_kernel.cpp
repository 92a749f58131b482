#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

/// Rows of a tile of sums that stay in registers beside what they are made of.
constexpr std::int64_t tall = register_lanes;

/// `tall` rows of an 8 x 8 tile: each sum runs over the rows of both panels in their order.
void add_tile(const double* a, const double* b, std::int64_t rows, double* sums, std::int64_t stride) {
    Lanes sum[tall];
    for (auto& lanes : sum) lanes = Lanes::all(0.0);
    for (std::int64_t i = 0; i < rows; ++i, a += 8, b += 8) {
        const Lanes right = Lanes::load(b);
        for (std::int64_t r = 0; r < tall; ++r) sum[r] += Lanes::all(a[r]) * right;
    }
    for (std::int64_t r = 0; r < tall; ++r, sums += stride) {
        sum[r] += Lanes::load(sums);
        sum[r].store(sums);
    }
}

/// `count` rows of r minus theirs of x times one panel of b.
template <std::int64_t count>
void subtract_panel(const double* x, const double* b, std::int64_t k_count, double* r, std::int64_t stride, std::int64_t width) {
    Lanes rest[count];
    for (std::int64_t i = 0; i < count; ++i)
        rest[i] = width >= 8 ? Lanes::load(r + i * stride) : load_part(r + i * stride, width);
    for (std::int64_t k = 0; k < k_count; ++k, b += 8) {
        const Lanes right = Lanes::load(b);
        for (std::int64_t i = 0; i < count; ++i) rest[i] -= Lanes::all(x[i * k_count + k]) * right;
    }
    for (std::int64_t i = 0; i < count; ++i)
        if (width >= 8)
            rest[i].store(r + i * stride);
        else
            store_part(rest[i], r + i * stride, width);
}

}  // namespace

void kernel::panel_products(const double* z, std::int64_t depth, std::int64_t rows, std::int64_t left, std::int64_t panels,
                            double* sums) {
    for (std::int64_t p = 0; p < left; ++p)
        for (std::int64_t q = p; q < panels; ++q)
            for (std::int64_t r = 0; r < 8; r += tall)
                add_tile(z + p * 8 * depth + r, z + q * 8 * depth, rows, sums + (p * 8 + r) * panels * 8 + q * 8, panels * 8);
}

void kernel::panel_cross(const double* a, const double* b, std::int64_t depth, std::int64_t rows, std::int64_t left,
                         std::int64_t right, double* sums) {
    for (std::int64_t p = 0; p < left; ++p)
        for (std::int64_t q = 0; q < right; ++q)
            for (std::int64_t r = 0; r < 8; r += tall)
                add_tile(a + p * 8 * depth + r, b + q * 8 * depth, rows, sums + (p * 8 + r) * right * 8 + q * 8, right * 8);
}

void kernel::subtract_products(const double* x, const double* panels, double* r, std::int64_t n, std::int64_t k, std::int64_t e) {
    constexpr std::int64_t tile = 32;   // rows of x and r that stay in the cache while the panels pass
    for (std::int64_t first = 0; first < n; first += tile) {
        const std::int64_t end = first + tile < n ? first + tile : n;
        for (std::int64_t c = 0; c < e; c += 8) {
            std::int64_t i = first;
            for (; i + tall <= end; i += tall) subtract_panel<tall>(x + i * k, panels + c * k, k, r + i * e + c, e, e - c);
            for (; i < end; ++i) subtract_panel<1>(x + i * k, panels + c * k, k, r + i * e + c, e, e - c);
        }
    }
}

}  // namespace BUFFON_ISA
}  // namespace buffon

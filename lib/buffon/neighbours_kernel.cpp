#include <buffon/metric_kernel_list.hpp>
#include <buffon/pair_tile.hpp>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr int panel = near_panel;
constexpr int group = tile_rows;
using One = Pack<register_lanes>;

/// A bit for each lane with a < b.
unsigned below(const One& a, const One& b) {
#if defined(__AVX512F__)
    return _mm512_cmp_pd_mask(a.value, b.value, _CMP_LT_OQ);
#elif defined(__AVX__)
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(a.value, b.value, _CMP_LT_OQ)));
#elif defined(__SSE2__)
    return static_cast<unsigned>(_mm_movemask_pd(_mm_cmplt_pd(a.value, b.value)));
#else
    unsigned bits = 0;
    for (int l = 0; l < register_lanes; ++l) bits |= static_cast<unsigned>(a.value[l] < b.value[l]) << l;
    return bits;
#endif
}

/// Puts v into the ascending list of k, whose last falls out.
void insert(double* list, std::int64_t* who, std::int64_t k, double v, std::int64_t index) {
    std::int64_t at = k - 1;
    while (at > 0 && list[at - 1] > v) --at;
    __builtin_memmove(list + at + 1, list + at, static_cast<std::uint64_t>(k - 1 - at) * sizeof(double));
    __builtin_memmove(who + at + 1, who + at, static_cast<std::uint64_t>(k - 1 - at) * sizeof(std::int64_t));
    list[at] = v;
    who[at] = index;
}

/// Calls f(row, first key, their squared distances, one register of them) for all rows and keys, those that fill up the last
/// panel among them.
template <class F>
void for_rows_and_keys(const NearPass& p, const F& f) {
    double v[group * panel];
    for (std::int64_t first = 0; first < p.keys; first += panel)
        for (std::int64_t row = 0; row < p.rows; row += group) {
            meet<true, panel>(p.x + row * p.dim, p.panels + first * p.dim, p.dim, v);
            for (int g = 0; g < group && row + g < p.rows; ++g) {
                const One norm = One::all(p.norms[row + g]);
                for (int l = 0; l < panel; l += register_lanes) {
                    One square = One::load(p.of_keys + first + l);
                    square += norm;
                    square -= One::all(2.0) * One::load(v + g * panel + l);
                    f(row + g, first + l, larger(square, One::all(0.0)));
                }
            }
        }
}

}  // namespace

void kernel::nearest(const NearestPass& p) {
    double v[register_lanes];
    for_rows_and_keys(p.points, [&](std::int64_t row, std::int64_t first, const One& squares) {
        double* list = p.of_rows + row * p.k;
        const unsigned to_row = below(squares, One::all(list[p.k - 1])),
                       to_key = p.itself ? 0u : below(squares, One::load(p.worst + first));
        if ((to_row | to_key) == 0) return;
        squares.store(v);
        for (unsigned left = to_row | to_key; left != 0; left &= left - 1) {
            const int l = __builtin_ctz(left);
            const std::int64_t key = first + l;
            if (key >= p.points.keys) break;
            if (p.itself && p.first_row + row == p.first_key + key) continue;
            if (v[l] < list[p.k - 1]) insert(list, p.by_rows + row * p.k, p.k, v[l], p.first_key + key);
            if (!(to_key >> l & 1u)) continue;
            insert(p.to_keys + key * p.k, p.by_keys + key * p.k, p.k, v[l], p.first_row + row);
            p.worst[key] = p.to_keys[key * p.k + p.k - 1];
        }
    });
}

std::int64_t kernel::close_pairs(const ClosePass& p) {
    std::int64_t count = 0;
    for_rows_and_keys(p.points, [&](std::int64_t row, std::int64_t first, const One& squares) {
        unsigned near = below(squares, One::all(p.around_rows[row])) | below(squares, One::load(p.around_keys + first));
        if (near == 0) return;
        double v[register_lanes];
        squares.store(v);
        for (; near != 0; near &= near - 1) {
            const int l = __builtin_ctz(near);
            if (first + l < p.points.keys) p.found[count++] = {v[l], p.first_row + row, p.first_key + first + l};
        }
    });
    return count;
}

extern const MetricKernels metric_table;
const MetricKernels metric_table{
    .row_products = kernel::row_products,
    .symmetric_product = kernel::symmetric_product,
    .nearest = kernel::nearest,
    .close_pairs = kernel::close_pairs,
};

}  // namespace BUFFON_ISA
}  // namespace buffon

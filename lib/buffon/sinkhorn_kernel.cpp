#include <buffon/assign_kernel_list.hpp>
#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr int panel = static_cast<int>(soft_panel);
constexpr std::int64_t tile = 512;   // keys that stay in the cache while all rows meet them

/// e^x of x <= 0; below -700 it is e^-700.
inline double exponential(double x) {
    const vecmath::Exponential e = vecmath::exponential(x < -700.0 ? -700.0 : x, 0.0);
    return (1.0 + (e.high + e.rest)) * vecmath::power_of_two(e.n + vecmath::round_shift);
}

inline double largest_of(const double* x) {
    double top[panel];
    for (int l = 0; l < panel; ++l) top[l] = x[l];
    for (int half = panel / 2; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) top[l] = top[l + half] > top[l] ? top[l + half] : top[l];
    return top[0];
}

inline double sum_of(double* x) {
    for (int half = panel / 2; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) x[l] += x[l + half];
    return x[0];
}

/// D of one row and the keys of one panel.
template <bool root>
inline void distances(const SoftSums& p, std::int64_t row, std::int64_t key, double* distance) {
    double sum[panel] = {};
    for (std::int64_t k = 0; k < p.dim; ++k) {
        const double* y = p.coordinates + k * p.keys + key;
        const double x = p.x[row * p.dim + k];
        for (int l = 0; l < panel; ++l) sum[l] += (x - y[l]) * (x - y[l]);
    }
    for (int l = 0; l < panel; ++l) distance[l] = root ? __builtin_sqrt(sum[l]) : sum[l];
}

struct Running {
    double top, total, distance;
};

/// What was summed before shrinks when the top rises.
template <bool root, bool moment>
void meet(const SoftSums& p, std::int64_t row, std::int64_t first, std::int64_t keys, Running& r) {
    double score[tile], distance[tile], panel_top[tile / panel];
    double top = r.top;
    for (std::int64_t k = 0; k < keys; k += panel) {
        double* d = distance + k;
        distances<root>(p, row, first + k, d);
        for (int l = 0; l < panel; ++l) score[k + l] = p.bias[first + k + l] - d[l];
        panel_top[k / panel] = largest_of(score + k);
        top = panel_top[k / panel] > top ? panel_top[k / panel] : top;
    }
    if (top > r.top) {
        const double shrink = exponential(r.top - top);
        r.total *= shrink;
        r.distance *= shrink;
        r.top = top;
    }
    double total[panel] = {}, weighted[panel] = {};
    for (std::int64_t k = 0; k < keys; k += panel) {
        if (panel_top[k / panel] - top < -p.cutoff) continue;
        for (int l = 0; l < panel; ++l) {
            const double weight = exponential(score[k + l] - top);
            total[l] += weight;
            if constexpr (moment) weighted[l] += weight * distance[k + l];
        }
    }
    r.total += sum_of(total);
    if constexpr (moment) r.distance += sum_of(weighted);
}

template <bool root, bool moment>
void pass(const SoftSums& p) {
    constexpr std::int64_t together = 64;   // rows
    Running running[together];
    for (std::int64_t start = 0; start < p.rows; start += together) {
        const std::int64_t rows = p.rows - start < together ? p.rows - start : together;
        for (std::int64_t i = 0; i < rows; ++i) running[i] = {-1e308, 0.0, 0.0};
        for (std::int64_t first = 0; first < p.keys; first += tile) {
            const std::int64_t keys = p.keys - first < tile ? p.keys - first : tile;
            for (std::int64_t i = 0; i < rows; ++i) meet<root, moment>(p, start + i, first, keys, running[i]);
        }
        for (std::int64_t i = 0; i < rows; ++i) {
            p.log_sum[start + i] = running[i].top + vecmath::log(running[i].total);
            if constexpr (moment) p.mean_distance[start + i] = running[i].distance / running[i].total;
        }
    }
}

}  // namespace

void kernel::soft_sums(const SoftSums& p) {
    if (p.mean_distance == nullptr) p.root ? pass<true, false>(p) : pass<false, false>(p);
    else p.root ? pass<true, true>(p) : pass<false, true>(p);
}

}  // namespace BUFFON_ISA
}  // namespace buffon

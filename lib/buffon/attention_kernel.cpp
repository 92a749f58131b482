#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>
#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

/// Rows whose sums stay in registers together; a sum has its own order of terms, so the number is free.
constexpr int group = register_lanes == 8 ? 8 : register_lanes == 4 ? 2 : 1;
constexpr int registers = 16 / register_lanes;   // of a panel

template <class T>
constexpr int panel = attention_panel_bytes / static_cast<int>(sizeof(T));
template <class T>
constexpr int tile = 16 * panel<T>;              // keys between two looks at the largest score

template <class T>
struct Packed;
template <>
struct Packed<double> {
    using Register [[gnu::vector_size(8 * register_lanes)]] = double;
    using Anywhere [[gnu::vector_size(8 * register_lanes), gnu::aligned(8), gnu::may_alias]] = double;
};
template <>
struct Packed<float> {
    using Register [[gnu::vector_size(8 * register_lanes)]] = float;
    using Anywhere [[gnu::vector_size(8 * register_lanes), gnu::aligned(4), gnu::may_alias]] = float;
};
template <class T>
using Register = typename Packed<T>::Register;
template <class T>
constexpr int lanes = 8 * register_lanes / static_cast<int>(sizeof(T));

template <class T>
inline Register<T> load(const T* from) { return *reinterpret_cast<const typename Packed<T>::Anywhere*>(from); }
template <class T>
inline void store(T* to, Register<T> value) { *reinterpret_cast<typename Packed<T>::Anywhere*>(to) = value; }
template <class T>
inline Register<T> all(T value) { return value - Register<T>{}; }

/// e^x of -87 <= x <= 0 in float32: Taylor's polynomial on |r| <= log(2) / 2, error below 1 ulp.
inline float exponential(float x) {
    const float shifted = x * 0x1.715476p+0f + 0x1.8p23f;
    const float n = shifted - 0x1.8p23f;
    const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;   // log 2 in two parts: n times the first is exact
    const float q = 1.0f / 2 + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720 + r * (1.0f / 5040)))));
    const float power = __builtin_bit_cast(float, (__builtin_bit_cast(std::int32_t, shifted) + 127) << 23);
    return (1.0f + (r + r * r * q)) * power;
}
inline double exponential(double x) { return vecmath::exp(x); }

template <class T>
T up_to_lowest(T x) { return x < T(-87) ? T(-87) : x; }   // where every weight is below its cut-off

template <class T>
T largest_of(const T* x) {
    T top[panel<T>];
    for (int l = 0; l < panel<T>; ++l) top[l] = x[l];
    for (int half = panel<T> / 2; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) top[l] = top[l + half] > top[l] ? top[l + half] : top[l];
    return top[0];
}

/// Scores of a group of rows with the keys of one panel: -|x - y|^2 / 2 + v log a, without -|x|^2 / 2 unless `direct`.
template <bool direct, class T>
void score_panel(const AttentionPass<T>& p, std::int64_t row, std::int64_t key, T* scores) {
    Register<T> sum[group][registers] = {};
    const T* y = p.panels + key * p.dim;
    const T* x = p.x + row * p.dim;
    for (std::int64_t j = 0; j < p.dim; ++j, y += panel<T>) {
        Register<T> at[registers];
        for (int r = 0; r < registers; ++r) at[r] = load(y + r * lanes<T>);
        for (int g = 0; g < group; ++g) {
            const Register<T> of_row = all(x[g * p.dim + j]);
            for (int r = 0; r < registers; ++r) {
                if constexpr (direct) {
                    const Register<T> offset = of_row - at[r];
                    sum[g][r] += offset * offset;
                } else {
                    sum[g][r] += of_row * at[r];
                }
            }
        }
    }
    for (int r = 0; r < registers; ++r) {
        const Register<T> log_weight = load(p.log_weights + key + r * lanes<T>);
        const Register<T> half_norm = load(p.half_norms + key + r * lanes<T>);
        for (int g = 0; g < group; ++g) {
            const Register<T> near = direct ? sum[g][r] * all(T(-0.5)) : sum[g][r] - half_norm;
            store(scores + g * tile<T> + r * lanes<T>, near + all(p.variance[row + g]) * log_weight);
        }
    }
}

/// Scores of one row become weights e^((score - top) / v); panels all of whose weights are below the cut-off become zeros.
template <class T>
T weigh(const T* panel_top, std::int64_t keys, T top, T inverse, T cutoff, T* scores) {
    T sum[panel<T>] = {};
    for (std::int64_t k = 0; k < keys; k += panel<T>) {
        T* s = scores + k;
        if ((panel_top[k / panel<T>] - top) * inverse < -cutoff) {
            for (int l = 0; l < panel<T>; ++l) s[l] = T(0);
            continue;
        }
        for (int l = 0; l < panel<T>; ++l) {
            const T gap = (s[l] - top) * inverse;
            const T weight = exponential(up_to_lowest(gap));
            s[l] = gap < -cutoff ? T(0) : weight;
        }
        for (int l = 0; l < panel<T>; ++l) sum[l] += s[l];
    }
    for (int half = panel<T> / 2; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) sum[l] += sum[l + half];
    return sum[0];
}

/// Keys that any row of the group gives a weight. A key that is left out would have added zeros.
template <class T>
int heavy_keys(const T* weights, std::int64_t keys, int* chosen) {
    int count = 0;
    for (std::int64_t k = 0; k < keys; k += panel<T>) {
        T any[panel<T>];
        for (int l = 0; l < panel<T>; ++l) any[l] = weights[k + l];
        for (int g = 1; g < group; ++g)
            for (int l = 0; l < panel<T>; ++l) any[l] += weights[g * tile<T> + k + l];
        for (int l = 0; l < panel<T>; ++l) {
            chosen[count] = static_cast<int>(k) + l;
            count += any[l] != T(0);   // of a row that is no number, too: it must not change the others
        }
    }
    return count;
}

/// mean += weights times values, `used` registers of one panel of columns.
template <int used, class T>
void add_values(const T* weights, const int* chosen, int count, const T* values, T* mean, std::int64_t stride) {
    Register<T> sum[group][used] = {};
    for (int c = 0; c < count; ++c) {
        const int key = chosen[c];
        Register<T> at[used];
        for (int r = 0; r < used; ++r) at[r] = load(values + key * panel<T> + r * lanes<T>);
        for (int g = 0; g < group; ++g) {
            const Register<T> weight = all(weights[g * tile<T> + key]);
            for (int r = 0; r < used; ++r) sum[g][r] += weight * at[r];
        }
    }
    for (int g = 0; g < group; ++g)
        for (int r = 0; r < used; ++r) {
            T* to = mean + g * stride + r * lanes<T>;
            store(to, load(to) + sum[g][r]);
        }
}

/// One tile of keys met by one group of rows: scores, weights, sums; what was summed before shrinks when the top rises.
template <bool direct, class T>
void meet(const AttentionPass<T>& p, std::int64_t row, std::int64_t first, std::int64_t keys) {
    T scores[group * tile<T>];
    T panel_top[group][tile<T> / panel<T>];
    int chosen[tile<T> + 1];
    for (std::int64_t k = 0; k < keys; k += panel<T>) {
        score_panel<direct>(p, row, first + k, scores + k);
        for (int g = 0; g < group; ++g) panel_top[g][k / panel<T>] = largest_of(scores + g * tile<T> + k);
    }
    for (int g = 0; g < group; ++g) {
        T top = p.top[row + g];
        for (std::int64_t k = 0; k < keys / panel<T>; ++k) top = panel_top[g][k] > top ? panel_top[g][k] : top;
        if (top > p.top[row + g]) {
            const T gap = (p.top[row + g] - top) * p.inverse[row + g];
            const T shrink = gap < -p.cutoff ? T(0) : exponential(up_to_lowest(gap));
            p.total[row + g] *= shrink;
            for (std::int64_t j = 0; j < p.stride; ++j) p.mean[(row + g) * p.stride + j] *= shrink;
            p.top[row + g] = top;
        }
        p.total[row + g] += weigh(panel_top[g], keys, top, p.inverse[row + g], p.cutoff, scores + g * tile<T>);
    }
    const int count = heavy_keys(scores, keys, chosen);
    for (std::int64_t j = 0; j < p.dim; j += panel<T>) {
        const T* values = p.values + j * p.keys + first * panel<T>;
        T* mean = p.mean + row * p.stride + j;
        if (p.dim - j > panel<T> / 2) add_values<registers>(scores, chosen, count, values, mean, p.stride);
        else add_values<registers / 2>(scores, chosen, count, values, mean, p.stride);
    }
}

template <class T>
void pass(const AttentionPass<T>& p) {
    for (std::int64_t i = 0; i < p.rows; ++i) {
        p.top[i] = -__builtin_huge_val();
        p.total[i] = 0;
    }
    for (std::int64_t i = 0; i < p.rows * p.stride; ++i) p.mean[i] = 0;
    for (std::int64_t first = p.first; first < p.last; first += tile<T>) {
        const std::int64_t keys = p.last - first < tile<T> ? p.last - first : tile<T>;
        for (std::int64_t row = 0; row < p.rows; row += group)
            p.direct ? meet<true>(p, row, first, keys) : meet<false>(p, row, first, keys);
    }
}

}  // namespace

void kernel::attention(const AttentionPass<double>& p) { pass(p); }
void kernel::attention_single(const AttentionPass<float>& p) { pass(p); }

}  // namespace BUFFON_ISA
}  // namespace buffon

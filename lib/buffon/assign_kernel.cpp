#include <buffon/assign_kernel_list.hpp>
#include <buffon/lanes.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr double infinity = __builtin_huge_val();
constexpr int lanes = register_lanes;

using Numbers [[gnu::vector_size(8 * lanes)]] = double;
using Indices [[gnu::vector_size(8 * lanes)]] = std::int64_t;
using AnyNumbers [[gnu::vector_size(8 * lanes), gnu::aligned(8), gnu::may_alias]] = double;
using AnyIndices [[gnu::vector_size(8 * lanes), gnu::aligned(8), gnu::may_alias]] = std::int64_t;

inline Numbers load(const double* from) { return *reinterpret_cast<const AnyNumbers*>(from); }
inline void store(double* to, Numbers x) { *reinterpret_cast<AnyNumbers*>(to) = x; }
inline Indices load(const std::int64_t* from) { return *reinterpret_cast<const AnyIndices*>(from); }
inline void store(std::int64_t* to, Indices x) { *reinterpret_cast<AnyIndices*>(to) = x; }
inline Numbers all(double x) { return x - Numbers{}; }
inline Indices all(std::int64_t x) { return x - Indices{}; }

inline Indices first_indices() {
    Indices at{};
    for (int l = 0; l < lanes; ++l) at[l] = l;
    return at;
}

inline double smallest_of(Numbers x) {
    double least = x[0];
    for (int l = 1; l < lanes; ++l) least = x[l] < least ? x[l] : least;
    return least;
}


inline bool before(double x, std::int64_t i, double y, std::int64_t j) { return x < y || (x == y && i < j); }

inline void insert(TwoSmallest& two, double x, std::int64_t i) {
    if (!(x < infinity)) return;
    if (before(x, i, two.first, two.at)) {
        two.second = two.first;
        two.next = two.at;
        two.first = x;
        two.at = i;
    } else if (before(x, i, two.second, two.next)) {
        two.second = x;
        two.next = i;
    }
}

inline bool any(Indices mask) {
    std::int64_t found = 0;
    for (int l = 0; l < lanes; ++l) found |= mask[l];
    return found != 0;
}

/// `wrong` makes a mask.
template <class F>
bool none(const double* c, std::int64_t n, const F& wrong) {
    Indices found{};
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes) found |= wrong(load(c + j));
    for (; j < n; ++j) found |= wrong(all(c[j]));
    return !any(found);
}

}  // namespace

TwoSmallest kernel::two_smallest(const double* c, const double* v, std::int64_t n) {
    Numbers first = all(infinity), second = all(infinity);
    Indices at{}, next{}, here = first_indices();
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        const Numbers x = load(c + j) - load(v + j);
        const auto lower = x < first;
        const auto between = x < second;
        second = lower ? first : (between ? x : second);
        next = lower ? at : (between ? here : next);
        first = lower ? x : first;
        at = lower ? here : at;
        here += lanes;
    }
    TwoSmallest two{infinity, infinity, -1, -1};
    for (int l = 0; l < lanes; ++l) insert(two, first[l], at[l]);
    for (int l = 0; l < lanes; ++l) insert(two, second[l], next[l]);
    for (; j < n; ++j) insert(two, c[j] - v[j], j);
    return two;
}

double kernel::relax(const double* c, const double* v, double shift, std::int64_t line, std::int64_t n,
                     double* distance, std::int64_t* from) {
    Numbers least = all(infinity);
    const Numbers shifts = all(shift);
    const Indices lines = all(line);
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        const Numbers through = (load(c + j) - load(v + j)) + shifts;
        const Numbers known = load(distance + j);
        const auto shorter = through < known;
        const Numbers now = shorter ? through : known;
        store(distance + j, now);
        store(from + j, shorter ? lines : load(from + j));
        least = now < least ? now : least;
    }
    double smallest = smallest_of(least);
    for (; j < n; ++j) {
        const double through = (c[j] - v[j]) + shift;
        if (through < distance[j]) {
            distance[j] = through;
            from[j] = line;
        }
        smallest = distance[j] < smallest ? distance[j] : smallest;
    }
    return smallest;
}

std::int64_t kernel::first_within(const double* distance, double bound, const std::int64_t* line_of, std::int64_t n) {
    constexpr int registers = 4, block = registers * lanes;   // to look into single lanes is dear
    std::int64_t first = -1, j = 0;
    const auto look = [&](std::int64_t count) {
        for (std::int64_t k = j; k < j + count; ++k) {
            if (!(distance[k] <= bound)) continue;
            if (line_of[k] < 0) return k;
            first = first < 0 ? k : first;
        }
        return std::int64_t{-1};
    };
    const Numbers bounds = all(bound);
    for (; j + block <= n; j += block) {
        Indices within{};
        for (int r = 0; r < registers; ++r) within |= load(distance + j + r * lanes) <= bounds;
        if (!any(within)) continue;
        if (const std::int64_t free = look(block); free >= 0) return free;
    }
    const std::int64_t free = look(n - j);
    return free >= 0 ? free : first;
}

double kernel::nearest_of_classes(const double* c, const double* v, std::int64_t n, double* value, std::int64_t* column) {
    constexpr int registers = static_cast<int>(near_classes) / lanes;
    Numbers first[registers], other[registers];
    Indices at[registers], here = first_indices();
    for (int r = 0; r < registers; ++r) {
        first[r] = other[r] = all(infinity);
        at[r] = Indices{};
    }
    std::int64_t j = 0;
    for (; j + near_classes <= n; j += near_classes)
        for (int r = 0; r < registers; ++r, here += lanes) {
            const Numbers x = load(c + j + r * lanes) - load(v + j + r * lanes);
            const auto lower = x < first[r];
            const Numbers higher = lower ? first[r] : x;
            other[r] = higher < other[r] ? higher : other[r];
            first[r] = lower ? x : first[r];
            at[r] = lower ? here : at[r];
        }
    double bound = infinity;
    for (int r = 0; r < registers; ++r) {
        store(value + r * lanes, first[r]);
        store(column + r * lanes, at[r]);
        const double least = smallest_of(other[r]);
        bound = least < bound ? least : bound;
    }
    for (; j < n; ++j) {
        const std::int64_t k = j % near_classes;
        const double x = c[j] - v[j];
        const bool lower = x < value[k];
        const double higher = lower ? value[k] : x;
        bound = higher < bound ? higher : bound;
        value[k] = lower ? x : value[k];
        column[k] = lower ? j : column[k];
    }
    return bound;
}

void kernel::column_minima(const double* c, double u, std::int64_t line, std::int64_t n, double* smallest, std::int64_t* by) {
    const Numbers us = all(u);
    const Indices lines = all(line);
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        const Numbers x = load(c + j) - us, known = load(smallest + j);
        const auto lower = x < known;
        store(smallest + j, lower ? x : known);
        store(by + j, lower ? lines : load(by + j));
    }
    for (; j < n; ++j)
        if (c[j] - u < smallest[j]) {
            smallest[j] = c[j] - u;
            by[j] = line;
        }
}

bool kernel::usable_costs(const double* c, std::int64_t n) {
    return none(c, n, [](Numbers x) {
        const Indices too_low = ~(x >= all(-largest_cost)), too_high = (x > all(largest_cost)) & (x < all(infinity));
        return too_low | too_high;
    });
}

bool kernel::whole_costs(const double* c, std::int64_t n) {
    return none(c, n, [](Numbers x) {
        const Numbers whole = (x + all(0x1.8p52)) - all(0x1.8p52);
        const Indices fraction = ~(whole == x), too_large = (x > all(0x1p50)) | (x < all(-0x1p50));
        return (fraction | too_large) & (x < all(infinity));
    });
}

void kernel::widen(const float* c, std::int64_t n, double* out) {
    for (std::int64_t j = 0; j < n; ++j) out[j] = static_cast<double>(c[j]);
}

void kernel::distances_to(const double* x, const double* coordinates, std::int64_t n, std::int64_t d, bool root, double* out) {
    constexpr std::int64_t tile = 64;   // sums stay in registers
    for (std::int64_t first = 0; first < n; first += tile) {
        const std::int64_t count = n - first < tile ? n - first : tile;
        double sum[tile] = {};
        for (std::int64_t k = 0; k < d; ++k) {
            const double* y = coordinates + k * n + first;
            const double at = x[k];
            if (count == tile)
                for (int j = 0; j < tile; ++j) sum[j] += (at - y[j]) * (at - y[j]);
            else
                for (std::int64_t j = 0; j < count; ++j) sum[j] += (at - y[j]) * (at - y[j]);
        }
        if (root)
            for (std::int64_t j = 0; j < count; ++j) out[first + j] = __builtin_sqrt(sum[j]);
        else
            for (std::int64_t j = 0; j < count; ++j) out[first + j] = sum[j];
    }
}

extern const AssignKernels assign_table;
const AssignKernels assign_table{
    .soft_sums = kernel::soft_sums,
    .two_smallest = kernel::two_smallest,
    .relax = kernel::relax,
    .first_within = kernel::first_within,
    .nearest_of_classes = kernel::nearest_of_classes,
    .column_minima = kernel::column_minima,
    .usable_costs = kernel::usable_costs,
    .whole_costs = kernel::whole_costs,
    .widen = kernel::widen,
    .distances_to = kernel::distances_to,
};

}  // namespace BUFFON_ISA
}  // namespace buffon

#include <buffon/kernel_list.hpp>
#include <buffon/words.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

using Anywhere [[gnu::vector_size(8 * register_lanes), gnu::aligned(8), gnu::may_alias]] = double;

inline void store(Doubles x, double* to) { *reinterpret_cast<Anywhere*>(to) = x; }

inline void store_part(Doubles x, double* to, std::int64_t count) {
    for (std::int64_t l = 0; l < count; ++l) to[l] = x[l];
}

/// even0, odd0, even1, odd1, ... where lane l of both belongs to pair `pair_of_lane`: the interleaving instruction works
/// within 128 bits.
struct Interleaved {
    Doubles first, second;
};

inline Interleaved interleaved(const UniformPair& u) {
#if defined(__AVX512F__)
    return {__builtin_shufflevector(u.even, u.odd, 0, 8, 2, 10, 4, 12, 6, 14),
            __builtin_shufflevector(u.even, u.odd, 1, 9, 3, 11, 5, 13, 7, 15)};
#elif defined(__AVX__)
    return {__builtin_shufflevector(u.even, u.odd, 0, 4, 2, 6), __builtin_shufflevector(u.even, u.odd, 1, 5, 3, 7)};
#else
    return {__builtin_shufflevector(u.even, u.odd, 0, 2), __builtin_shufflevector(u.even, u.odd, 1, 3)};
#endif
}

/// Even lanes hold the first half of the pairs, odd lanes the second.
inline Words pair_of_lane() {
    Words w;
    for (int l = 0; l < register_lanes; ++l) w[l] = static_cast<std::uint64_t>(l / 2 + l % 2 * (register_lanes / 2));
    return w;
}

/// Pairs start, start + 1, ... of rows of `blocks` pairs: pair p is block p % blocks of row first + p / blocks.
void pairs(std::uint64_t key, std::uint32_t id, std::int64_t first, std::int64_t blocks, std::int64_t start, std::int64_t count,
           double* out) {
    if (count <= 0) return;   // then the width may be 0
    const auto width = static_cast<std::uint64_t>(blocks);
    const std::uint64_t row_step = register_lanes / width, block_step = register_lanes % width;
    const Words pair = static_cast<std::uint64_t>(start) + pair_of_lane();
    Words row, block;
    for (int l = 0; l < register_lanes; ++l) {
        row[l] = static_cast<std::uint64_t>(first) + pair[l] / width;
        block[l] = pair[l] % width;
    }
    for (std::int64_t left = count; left > 0; left -= register_lanes, out += 2 * register_lanes) {
        const Interleaved u = interleaved(philox_uniforms(key, id, row, block));
        if (left >= register_lanes) {
            store(u.first, out);
            store(u.second, out + register_lanes);
        } else {
            store_part(u.first, out, 2 * left < register_lanes ? 2 * left : register_lanes);
            store_part(u.second, out + register_lanes, 2 * left - register_lanes);
        }
        block += block_step;
        const auto over = reinterpret_cast<Words>(block >= width);   // -1 where the next row begins
        row += row_step - over;
        block -= over & width;
    }
}

/// The numbers start, start + 1, ... of rows of `padded` numbers, but for the last of each row; returns the end of `out`.
double* copy_but_last(const double* from, std::int64_t start, std::int64_t count, std::int64_t padded, double* out) {
    for (std::int64_t i = 0; i < count;) {
        const std::int64_t rest = padded - (start + i) % padded;
        const std::int64_t run = rest <= count - i ? rest - 1 : count - i;
        for (std::int64_t j = 0; j < run; ++j) out[j] = from[i + j];
        out += run;
        i += rest;
    }
    return out;
}

}  // namespace

void kernel::uniform_rows(std::uint64_t key, std::uint32_t id, std::int64_t first, std::int64_t rows, std::int64_t cols,
                          double* out) {
    const std::int64_t blocks = (cols + 1) / 2;
    if (cols % 2 == 0) return pairs(key, id, first, blocks, 0, rows * blocks, out);
    constexpr std::int64_t space = 512;
    double buffer[2 * space];
    for (std::int64_t p = 0; p < rows * blocks; p += space) {
        const std::int64_t count = rows * blocks - p < space ? rows * blocks - p : space;
        pairs(key, id, first, blocks, p, count, buffer);
        out = copy_but_last(buffer, 2 * p, 2 * count, 2 * blocks, out);
    }
}

void kernel::uniform_columns(std::uint64_t key, std::uint32_t id, std::int64_t first, std::int64_t n, std::int64_t component,
                             std::int64_t count, double* out, std::int64_t stride) {
    for (std::int64_t block = component / 2; 2 * block < component + count; ++block) {
        double* even = 2 * block >= component ? out + (2 * block - component) * stride : nullptr;
        double* odd = 2 * block + 1 < component + count ? out + (2 * block + 1 - component) * stride : nullptr;
        Words index = static_cast<std::uint64_t>(first) + counting_words();
        for (std::int64_t i = 0; i < n; i += register_lanes, index += register_lanes) {
            const UniformPair u = philox_uniforms(key, id, index, all_words(static_cast<std::uint64_t>(block)));
            const std::int64_t left = n - i < register_lanes ? n - i : register_lanes;
            if (left == register_lanes) {
                if (even != nullptr) store(u.even, even + i);
                if (odd != nullptr) store(u.odd, odd + i);
            } else {
                if (even != nullptr) store_part(u.even, even + i, left);
                if (odd != nullptr) store_part(u.odd, odd + i, left);
            }
        }
    }
}

}  // namespace BUFFON_ISA
}  // namespace buffon

#include <buffon/kernel_list.hpp>
#include <buffon/owen_hash.hpp>
#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

/// `to_unit` of stream.hpp.
inline double to_unit(std::uint64_t bits) {
    return vecmath::double_of((bits >> 12) | 0x3FF0000000000000u) - (1.0 - 0x1p-53);
}

/// Row after row: consecutive Gray codes differ in one digit, the lowest one of the index.
template <class Number>
inline void gray_rows(const std::uint64_t* directions, std::uint64_t* words, std::int64_t first, std::int64_t rows,
                      std::int64_t width, double* out, const Number& number) {
    for (std::int64_t c = 0; c < width; ++c) out[c] = number(words[c], c);
    for (std::int64_t i = 1; i < rows; ++i) {
        out += width;
        const std::uint64_t* flips = directions + __builtin_ctzll(static_cast<std::uint64_t>(first + i)) * width;
        for (std::int64_t c = 0; c < width; ++c) out[c] = number(words[c] ^= flips[c], c);
    }
}

}  // namespace

void kernel::sobol_rows(const std::uint64_t* directions, std::uint64_t* words, std::int64_t first, std::int64_t rows,
                        std::int64_t width, double* out) {
    gray_rows(directions, words, first, rows, width, out, [](std::uint64_t w, std::int64_t) { return to_unit(w); });
}

void kernel::owen_rows(const std::uint64_t* directions, const std::uint64_t* keys, std::uint64_t* words, std::int64_t first,
                       std::int64_t rows, std::int64_t width, double* out) {
    gray_rows(directions, words, first, rows, width, out, [keys, width](std::uint64_t w, std::int64_t c) {
        return to_unit(reversed_bits(owen_hash(w, keys + c, width)));
    });
}

}  // namespace BUFFON_ISA
}  // namespace buffon

#include <buffon/kernel_list.hpp>
#include <buffon/owen_hash.hpp>
#include <buffon/vecmath.hpp>
#include <buffon/words.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr int word_digits = 64;
constexpr std::uint64_t digit(std::int64_t j) { return std::uint64_t{1} << (word_digits - 1 - j); }

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

void kernel::scramble_words(std::uint64_t key, std::uint32_t id, std::int64_t dim, std::int64_t count, std::uint64_t* words) {
    for (std::int64_t c = 0; c < dim; c += register_lanes) {
        const std::int64_t lanes = dim - c < register_lanes ? dim - c : register_lanes;
        const Words coordinate = static_cast<std::uint64_t>(c) + counting_words();
        Words random[word_digits + 2];   // the shift, then the columns of L
        for (std::int64_t block = 0; 2 * block <= count; ++block) {
            const WordPair pair = philox_words(key, id, coordinate, all_words(static_cast<std::uint64_t>(block)));
            random[2 * block] = pair.even;
            random[2 * block + 1] = pair.odd;
        }
        Words* const column = random + 1;
        for (std::int64_t j = 0; j < count; ++j) column[j] = (column[j] & (digit(j) - 1)) | digit(j);
        for (std::int64_t l = 0; l < lanes; ++l) words[c + l] = random[0][l];
        for (std::int64_t j = 0; j < count; ++j) {
            std::uint64_t* const row = words + (1 + j) * dim + c;
            Words left{}, product{};   // digits from i on
            for (std::int64_t l = 0; l < lanes; ++l) left[l] = row[l];
            for (std::int64_t i = 0; i <= j; ++i, left <<= 1) product ^= column[i] & -(left >> (word_digits - 1));
            for (std::int64_t l = 0; l < lanes; ++l) row[l] = product[l];
        }
    }
}

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

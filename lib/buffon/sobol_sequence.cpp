#include <buffon/sobol_sequence.hpp>

#include <buffon/check.hpp>

#include <boost/random/detail/sobol_table.hpp>

#include <bit>
#include <cassert>

namespace buffon {
namespace {

using Table = boost::random::detail::qrng_tables::sobol;

constexpr int digits = 64;
constexpr std::uint64_t digit(std::int64_t j) { return std::uint64_t{1} << (digits - 1 - j); }

std::int64_t direction_count(std::int64_t points) {
    return static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(points - 1)));
}

/// Column j of the generator matrix of one coordinate, j = 0 ... count - 1; the digit after the point is the top bit.
/// Not cached: the recurrence is cheaper than the random numbers of a scramble (measured: a sixth).
void directions_of(std::int64_t coordinate, std::int64_t count, std::uint64_t* v) {
    if (coordinate == 0) {
        for (std::int64_t j = 0; j < count; ++j) v[j] = digit(j);
        return;
    }
    const auto row = static_cast<std::size_t>(coordinate - 1);
    const std::uint64_t polynomial = Table::polynomial(row);
    const int degree = static_cast<int>(std::bit_width(polynomial)) - 1;
    for (std::int64_t j = 0; j < count; ++j) {
        if (j < degree) {
            v[j] = Table::minit(row, static_cast<std::size_t>(j)) * digit(j);
            continue;
        }
        // eq. (2) of Joe & Kuo (2008), on left-aligned words: the powers of two vanish
        v[j] = v[j - degree] >> degree;
        for (int r = 1; r <= degree; ++r)
            if (polynomial >> (degree - r) & 1) v[j] ^= v[j - r];
    }
}

/// Random numbers of a scramble, index = coordinate: component 0 is the digital shift, component 1 + j column j of the
/// matrix. So more points of the same stream continue the same sequence.
std::uint64_t shift_of(const Stream& scramble, std::int64_t coordinate) { return scramble.word(coordinate, 0); }

/// Column j of a lower triangular matrix with unit diagonal, as a word: free digits stand below digit j.
std::uint64_t matrix_column(const Stream& scramble, std::int64_t coordinate, std::int64_t j) {
    return digit(j) | (scramble.word(coordinate, 1 + j) & (digit(j) - 1));
}

/// v <- L v. Words are those of directions_of: digits of word j stand at 0 ... j, so `count` columns of L suffice.
void scramble_directions(const Stream& scramble, std::int64_t coordinate, std::int64_t count, std::uint64_t* v) {
    std::uint64_t column[digits];
    for (std::int64_t j = 0; j < count; ++j) column[j] = matrix_column(scramble, coordinate, j);
    for (std::int64_t j = 0; j < count; ++j) {
        std::uint64_t product = 0;
        for (std::uint64_t rest = v[j]; rest != 0;) {
            const int i = std::countl_zero(rest);
            product ^= column[i];
            rest ^= digit(i);
        }
        v[j] = product;
    }
}

/// Words of all coordinates, [bit * dim + coordinate], each coordinate's passed through `change(coordinate, words)`.
template <class Change>
std::vector<std::uint64_t> direction_words(std::int64_t dim, std::int64_t count, const Change& change) {
    std::vector<std::uint64_t> words(static_cast<std::size_t>(count * dim));
    for (std::int64_t c = 0; c < dim; ++c) {
        std::uint64_t v[digits];
        directions_of(c, count, v);
        change(c, v);
        for (std::int64_t j = 0; j < count; ++j) words[static_cast<std::size_t>(j * dim + c)] = v[j];
    }
    return words;
}

constexpr std::uint64_t gray(std::int64_t index) {
    const auto i = static_cast<std::uint64_t>(index);
    return i ^ (i >> 1);
}

void flip(std::vector<std::uint64_t>& words, const std::vector<std::uint64_t>& directions, int bit) {
    const std::uint64_t* row = directions.data() + static_cast<std::size_t>(bit) * words.size();
    for (std::size_t c = 0; c < words.size(); ++c) words[c] ^= row[c];
}

void write(const std::vector<std::uint64_t>& words, double* out) {
    for (std::size_t c = 0; c < words.size(); ++c) out[c] = to_unit(words[c]);
}

void check_size(std::int64_t dim, std::int64_t points) {
    const std::int64_t most = SobolSequence::max_dim();
    require(dim >= 1 && dim <= most, "SobolSequence: dim must be 1 to ", most, ", got ", dim);
    require(points >= 1 && points <= std::int64_t{1} << 52, "SobolSequence: points must be 1 to 2^52, got ", points);
}

}  // namespace

std::int64_t SobolSequence::max_dim() { return Table::max_dimension; }

SobolSequence::SobolSequence(std::int64_t dim, std::int64_t points, const Stream& scramble) : dim_(dim) {
    check_size(dim, points);
    bits_ = direction_count(points);
    directions_ = direction_words(dim, bits_, [&](std::int64_t coordinate, std::uint64_t* v) {
        scramble_directions(scramble, coordinate, bits_, v);
    });
    shift_.reserve(static_cast<std::size_t>(dim));
    for (std::int64_t c = 0; c < dim; ++c) shift_.push_back(shift_of(scramble, c));
}

SobolSequence SobolSequence::unscrambled(std::int64_t dim, std::int64_t points) {
    check_size(dim, points);
    SobolSequence s;
    s.dim_ = dim;
    s.bits_ = direction_count(points);
    s.directions_ = direction_words(dim, s.bits_, [](std::int64_t, std::uint64_t*) {});
    s.shift_.assign(static_cast<std::size_t>(dim), 0);
    return s;
}

double SobolSequence::uniform(std::int64_t index, std::int64_t component) const {
    assert(index >= 0 && index >> bits_ == 0 && component >= 0 && component < dim_);
    std::uint64_t word = shift_[static_cast<std::size_t>(component)];
    for (std::uint64_t rest = gray(index); rest != 0; rest &= rest - 1)
        word ^= directions_[static_cast<std::size_t>(std::countr_zero(rest) * dim_ + component)];
    return to_unit(word);
}

void SobolSequence::uniform(std::int64_t first, View out) const {
    require(out.cols == dim_, "SobolSequence.uniform: out must have ", dim_, " columns, got ", out.cols);
    require(first >= 0 && out.rows <= (std::int64_t{1} << bits_) - first, "SobolSequence.uniform: rows must lie in 0 to 2^",
            bits_, " - 1, got ", out.rows, " rows from ", first);
    if (out.rows == 0) return;
    std::vector<std::uint64_t> words = shift_;
    for (std::uint64_t rest = gray(first); rest != 0; rest &= rest - 1) flip(words, directions_, std::countr_zero(rest));
    write(words, out.data);
    for (std::int64_t i = 1; i < out.rows; ++i) {
        // consecutive Gray codes differ in one digit: the lowest one of the index
        flip(words, directions_, std::countr_zero(static_cast<std::uint64_t>(first + i)));
        write(words, out.data + i * dim_);
    }
}

}  // namespace buffon
